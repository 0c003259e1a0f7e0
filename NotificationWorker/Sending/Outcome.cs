namespace FanOut.NotificationWorker.Sending;

internal sealed record ClaimedEmail(
    long Id, Guid Claim, Guid EventId, int Attempts, string Placed, string? TraceParent, string? TraceState, DateTimeOffset CreatedAt);

internal sealed record Outcome(ClaimedEmail Email, SendResult Result, TimeSpan Delay = default, string? Error = null);

internal enum SendResult
{
    Sent,
    Retry,
    Failed,

    /// <summary>Not tried, or interrupted by a shutdown or an unavailable server: not counted.</summary>
    Released,
}
