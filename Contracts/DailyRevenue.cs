namespace FanOut.Contracts;

public sealed record DailyRevenue(DateOnly Day, string Currency, long Orders, decimal Revenue);
