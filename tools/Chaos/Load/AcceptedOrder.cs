namespace FanOut.Chaos.Load;

/// <summary>An order that was answered with success.</summary>
/// <param name="Key">The Idempotency-Key it was sent under; also its customer's id.</param>
/// <param name="Id">The id it was answered with.</param>
/// <param name="Total">The total it was answered with.</param>
internal sealed record AcceptedOrder(string Key, Guid Id, decimal Total);
