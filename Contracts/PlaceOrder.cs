using System.ComponentModel.DataAnnotations;

namespace FanOut.Contracts;

/// <summary>The body of <c>POST /orders</c>. An order without a number gets its id as number; one without a time is placed now.</summary>
public sealed record PlaceOrder(
    Customer Customer,
    [property: RegularExpression("^[A-Z]{3}$")] string Currency,
    [property: Length(1, OrderLimits.LinesPerOrder)] IReadOnlyList<PlaceOrderLine> Lines,
    [property: Length(1, OrderLimits.NumberLength)] string? Number = null,
    DateTimeOffset? PlacedAt = null);
