namespace FanOut.Contracts;

/// <summary>The answer of <c>POST /orders/batch</c>, in the order of the request.</summary>
public sealed record OrderReceipts(IReadOnlyList<OrderReceipt> Orders);
