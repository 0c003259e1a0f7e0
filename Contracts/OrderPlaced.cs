namespace FanOut.Contracts;

/// <summary>An order was accepted: published once per order; its subject is the order's id, its total is rounded as in <see cref="Order"/>.</summary>
public sealed record OrderPlaced(
    Guid OrderId, string Number, Customer Customer, string Currency, IReadOnlyList<OrderLine> Lines, decimal Total, DateTimeOffset PlacedAt)
{
    public const string EventType = "order.placed";
}
