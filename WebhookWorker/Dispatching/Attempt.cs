using System.Net;

namespace FanOut.WebhookWorker.Dispatching;

internal sealed record ClaimedDelivery(
    long Id,
    Guid Claim,
    Guid EndpointId,
    int Attempts,
    Guid EventId,
    string EventType,
    string Payload,
    string? TraceParent,
    string? TraceState,
    DateTimeOffset EffectedAt,
    string Url,
    byte[] EncryptedSecret,
    byte[]? EncryptedPreviousSecret,
    int EndpointFailures);

/// <summary>
/// The end of one attempt. <see cref="Error"/> is for the endpoint's owner, <see cref="Reason"/> for logs. <see cref="Delay"/>
/// is the time to the next; <see cref="Rest"/> pauses the whole endpoint.
/// </summary>
internal sealed record Attempt(
    ClaimedDelivery Delivery,
    AttemptResult Result,
    HttpStatusCode? Status = null,
    string? Error = null,
    string? Reason = null,
    TimeSpan Delay = default,
    TimeSpan? Rest = null,
    TimeSpan Took = default)
{
    public bool IsGone => Status == HttpStatusCode.Gone;
}

internal enum AttemptResult
{
    Delivered,
    Retry,
    Failed,

    /// <summary>Not sent, and not counted: tried again later.</summary>
    Postponed,

    /// <summary>Interrupted by a shutdown: not counted.</summary>
    Released,
}
