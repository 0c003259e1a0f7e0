namespace FanOut.Contracts.Webhooks;

/// <summary>One event on its way to one endpoint. <see cref="State"/> is <c>pending</c>, <c>delivered</c>, <c>failed</c> or <c>cancelled</c>.</summary>
public sealed record WebhookDelivery(
    long Id,
    Guid EndpointId,
    Guid EventId,
    string EventType,
    string Subject,
    string State,
    bool InFlight,
    int Attempts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? NextAttemptAt,
    DateTimeOffset? LastAttemptAt,
    DateTimeOffset? FinishedAt,
    int? LastStatus,
    string? LastError);
