namespace FanOut.Bench.Running;

/// <summary>The data of a benchmark's event: about 250 bytes as JSON.</summary>
internal sealed record BenchOrder(Guid OrderId, string Customer, string Email, string Currency, string Sku, int Quantity, decimal UnitPrice, decimal Total, DateOnly Day)
{
    public const string EventType = "bench.order";

    public static BenchOrder Create(int number) => new(
        Guid.CreateVersion7(),
        $"Customer number {number % 5_000:d4} and Sons",
        $"customer{number % 5_000:d4}@example.com",
        "USD",
        $"sku-{number % 200:d3}",
        (number % 9) + 1,
        9.95m,
        9.95m * ((number % 9) + 1),
        new DateOnly(2026, 1, 1).AddDays(number % 28));
}
