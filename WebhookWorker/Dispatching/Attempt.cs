using System.Net;

namespace FanOut.WebhookWorker.Dispatching;

/// <summary>The end of one attempt. <see cref="Delay"/> is the time to the next; <see cref="Rest"/> pauses the whole endpoint.</summary>
internal sealed record Attempt(
    ClaimedDelivery Delivery,
    AttemptResult Result,
    HttpStatusCode? Status = null,
    string? Error = null,
    TimeSpan Delay = default,
    TimeSpan? Rest = null)
{
    public bool IsGone => Status == HttpStatusCode.Gone;
}
