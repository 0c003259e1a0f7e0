using System.Text.Json.Serialization;
using FanOut.Bench.Latency;

namespace FanOut.Bench;

/// <summary>The data of a benchmark's event: about 250 bytes as JSON, or a given number.</summary>
internal sealed record BenchOrder(
    Guid OrderId, string? Customer, string? Email, string? Currency, string? Sku, int Quantity, decimal UnitPrice, decimal Total, DateOnly Day,
    string? Note = null)
{
    public const string EventType = "bench.order";

    /// <summary>The length of the shortest, about.</summary>
    private const int Shortest = 120;

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

    /// <summary>An order of about this many bytes as JSON, at least about 100.</summary>
    public static BenchOrder Create(int number, int bytes)
    {
        var note = bytes > Shortest ? new string('x', bytes - Shortest) : null;
        return Create(number) with { Customer = null, Email = null, Currency = null, Sku = null, Note = note };
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BenchOrder))]
[JsonSerializable(typeof(TimedEvent))]
internal sealed partial class BenchJson : JsonSerializerContext;
