namespace FanOut.WebhookWorker.Dispatching;

internal enum AttemptResult
{
    Delivered,
    Retry,
    Failed,

    /// <summary>Interrupted by a shutdown: not counted.</summary>
    Released,
}
