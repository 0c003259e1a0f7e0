namespace FanOut.NotificationWorker.Sending;

internal enum SendResult
{
    Sent,
    Retry,
    Failed,

    /// <summary>Not tried, or interrupted by a shutdown or an unavailable server: not counted.</summary>
    Released,
}
