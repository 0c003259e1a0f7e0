namespace FanOut.Contracts;

/// <summary>A row per UTC day of <c>placedAt</c> and currency that has orders, by day, then currency; a total per currency.</summary>
public sealed record RevenueReport(DateOnly From, DateOnly To, IReadOnlyList<DailyRevenue> Days, IReadOnlyList<RevenueTotal> Totals);
