namespace FanOut.WebhookWorker.Dispatching;

internal enum AttemptResult
{
    Delivered,
    Retry,
    Failed,

    /// <summary>Broken off by this worker's own end: says nothing about the endpoint, and counts for nothing.</summary>
    Released,
}
