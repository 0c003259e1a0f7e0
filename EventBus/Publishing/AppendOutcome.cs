namespace FanOut.EventBus.Publishing;

internal enum AppendStatus
{
    /// <summary>All stand on the stream.</summary>
    Appended,

    /// <summary>Redis answered that it has no room; nothing of the rest was appended.</summary>
    Refused,

    /// <summary>No answer, or an error: whether the rest was appended is unknown.</summary>
    Unknown,

    /// <summary>The stream lacks the entry before.</summary>
    Behind,

    /// <summary>Something else got above the rest before it was appended.</summary>
    Ahead,

    /// <summary>Another event stands under one of the ids.</summary>
    Conflict,
}

/// <param name="Status">How it ended.</param>
/// <param name="StreamLast">The stream's last id as text, where it answered.</param>
/// <param name="Index">Ahead and conflict: the entry's number in the batch.</param>
/// <param name="Reason">Refused and unknown: why.</param>
internal readonly record struct AppendOutcome(AppendStatus Status, string? StreamLast = null, int Index = 0, string? Reason = null);
