namespace FanOut.NotificationWorker.Sending;

internal sealed record ClaimedEmail(
    long Id, Guid Claim, Guid EventId, int Attempts, string Placed, string? TraceParent, string? TraceState, DateTimeOffset CreatedAt);

/// <summary>How sending went. The error is kept with the mail; the reason, for logs and traces, has no personal data.</summary>
internal sealed record Outcome(
    ClaimedEmail Email, SendResult Result, TimeSpan Delay = default, string? Error = null, string? Reason = null);

internal enum SendResult
{
    Sent,
    Retry,
    Failed,

    /// <summary>Not tried, or interrupted by a shutdown or an unavailable server: not counted.</summary>
    Released,
}
