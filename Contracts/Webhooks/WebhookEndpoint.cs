namespace FanOut.Contracts.Webhooks;

/// <summary>Where events are POSTed to. The secret is there in the answer to its creation, and never again.</summary>
public sealed record WebhookEndpoint(
    Guid Id,
    string Url,
    IReadOnlyList<string> EventTypes,
    bool Enabled,
    string? DisabledBecause,
    string Description,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    EndpointHealth Health,
    string? Secret = null);
