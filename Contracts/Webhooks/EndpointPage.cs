namespace FanOut.Contracts.Webhooks;

/// <summary>Endpoints, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record EndpointPage(IReadOnlyList<WebhookEndpoint> Endpoints, string? After = null, string? Next = null);
