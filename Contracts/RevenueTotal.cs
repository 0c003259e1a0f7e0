namespace FanOut.Contracts;

public sealed record RevenueTotal(string Currency, long Orders, decimal Revenue);
