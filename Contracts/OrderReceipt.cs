namespace FanOut.Contracts;

public sealed record OrderReceipt(Guid Id, string Number, string Currency, decimal Total);
