namespace FanOut.Contracts.Webhooks;

/// <summary>Deliveries, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record DeliveryPage(IReadOnlyList<WebhookDelivery> Deliveries, string? After = null, string? Next = null);
