namespace FanOut.Contracts;

/// <summary>An accepted order. Its total is the sum of the lines' amounts, rounded once, half to even, to the currency's minor unit.</summary>
public sealed record Order(
    Guid Id,
    string Number,
    Customer Customer,
    string Currency,
    IReadOnlyList<OrderLine> Lines,
    decimal Total,
    DateTimeOffset PlacedAt);
