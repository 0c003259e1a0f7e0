namespace FanOut.Contracts;

public sealed record TopProducts(DateOnly From, DateOnly To, IReadOnlyList<ProductRevenue> Products);
