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
