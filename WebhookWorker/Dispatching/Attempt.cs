using System.Net;

namespace FanOut.WebhookWorker.Dispatching;

/// <summary>How one attempt ended. <see cref="Delay"/> is until the next; <see cref="Rest"/> is for the whole endpoint.</summary>
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
