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
    byte[] Secret,
    byte[]? PreviousSecret,
    int EndpointFailures);
