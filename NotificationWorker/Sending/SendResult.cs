namespace FanOut.NotificationWorker.Sending;

internal enum SendResult
{
    Sent,
    Retry,
    Failed,

    /// <summary>Not tried, or broken off by this worker's own end or the server's absence: counts for nothing.</summary>
    Released,
}
