namespace FanOut.EventBus.Publishing;

/// <param name="Status">How it ended.</param>
/// <param name="StreamLast">The stream's last id as text, where it answered.</param>
/// <param name="Index">Ahead and conflict: the entry's number in the batch.</param>
/// <param name="Reason">Refused and unknown: why.</param>
internal readonly record struct AppendOutcome(AppendStatus Status, string? StreamLast = null, int Index = 0, string? Reason = null);
