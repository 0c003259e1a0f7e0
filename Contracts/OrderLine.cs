namespace FanOut.Contracts;

/// <summary>A line; its amount is quantity x unit price x (1 - discount), exact: only an order's total is rounded.</summary>
public sealed record OrderLine(
    string Sku,
    string Name,
    int Quantity,
    decimal UnitPrice,
    decimal Discount,
    decimal Amount);
