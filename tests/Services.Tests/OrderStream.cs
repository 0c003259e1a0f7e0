using System.Globalization;
using System.Text.Json;
using FanOut.Contracts;
using FanOut.TestServers;
using StackExchange.Redis;

namespace FanOut.Services.Tests;

/// <summary>A test's own stream of placed orders, as the relay writes it.</summary>
internal sealed class OrderStream : IAsyncDisposable
{
    private readonly ConnectionMultiplexer _redis;

    private OrderStream(ConnectionMultiplexer redis) => _redis = redis;

    public string Name { get; } = RedisServer.UniqueName();

    public static async Task<OrderStream> CreateAsync() => new(await (await RedisServer.SharedAsync()).ConnectAsync());

    public static OrderPlaced Order(
        string number = "10248", string name = "Vins et alcools Chevalier", string email = "vinet@example.com", string currency = "USD") => new(
        Guid.CreateVersion7(),
        number,
        new("VINET", name, email),
        currency,
        [
            new("11", "Queso Cabrales", 12, 14m, 0m, 168m),
            new("42", "Singaporean Hokkien Fried Mee", 10, 9.8m, 0m, 98.0m),
            new("72", "Mozzarella di Giovanni", 5, 34.8m, 0.05m, 165.3m),
        ],
        431.30m,
        new(1996, 7, 4, 0, 0, 0, TimeSpan.Zero));

    /// <returns>The event's id.</returns>
    public async Task<Guid> PublishAsync(OrderPlaced? order = null, string? traceParent = null)
    {
        order ??= Order();
        var id = Guid.CreateVersion7();
        await _redis.GetDatabase().StreamAddAsync(
            Name,
            [
                new("id", id.ToString()),
                new("type", OrderPlaced.EventType),
                new("source", "test"),
                new("subject", order.OrderId.ToString()),
                new("time", order.PlacedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)),
                new("data", JsonSerializer.Serialize(order, ContractsJson.Default.OrderPlaced)),
                new("traceparent", traceParent ?? ""),
                new("tracestate", ""),
            ]);
        return id;
    }

    public async ValueTask DisposeAsync() => await _redis.DisposeAsync();
}
