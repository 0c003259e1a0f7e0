namespace FanOut.Contracts;

/// <summary>What was sold of a product; its revenue is the sum of the lines' exact amounts: unlike an order's total it is not rounded.</summary>
public sealed record ProductRevenue(string Sku, string Name, string Currency, long Quantity, decimal Revenue);
