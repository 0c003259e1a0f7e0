using System.Diagnostics;
using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace FanOut.Services.Tests;

/// <summary>A test's own databases in Postgres and Redis, and an outbox that publishes placed orders there.</summary>
internal sealed class OrderStream : IAsyncDisposable
{
    private readonly IHost _publisher;
    private readonly ConnectionMultiplexer _redis;

    private OrderStream(IHost publisher, PostgresDatabase database, ConnectionMultiplexer redis, string redisConnection)
    {
        (_publisher, Database, _redis) = (publisher, database, redis);
        Settings = new Dictionary<string, string>
        {
            ["ConnectionStrings:redis"] = redisConnection,
            ["ConnectionStrings:fanout"] = database.ConnectionString,
        };
    }

    public PostgresDatabase Database { get; }

    public IDatabase Redis => _redis.GetDatabase();

    /// <summary>What makes a service use these databases.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    public static async Task<OrderStream> CreateAsync()
    {
        var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        var connection = (await RedisServer.SharedAsync()).NewDatabase();
        var redis = await ConnectionMultiplexer.ConnectAsync(connection);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "tests" });
        builder.Services.AddLogging().AddSingleton<IConnectionMultiplexer>(redis).AddSingleton(database.DataSource);
        builder.AddEventBus()
            .AddEvent(OrderPlaced.EventType, ContractsJson.Default.OrderPlaced)
            .AddStream(EventStreams.Orders, stream => stream.AddOutbox());
        var publisher = builder.Build();
        await publisher.StartAsync();
        return new OrderStream(publisher, database, redis, connection);
    }

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
        using var caller = traceParent is null ? null : new Activity("caller").SetParentId(traceParent).Start();
        return (await PublishAsync([order]))[0];
    }

    /// <summary>Publishes orders in one transaction.</summary>
    /// <returns>The ids of the events.</returns>
    public async Task<IReadOnlyList<Guid>> PublishAsync(IEnumerable<OrderPlaced> orders)
    {
        var outbox = _publisher.Services.GetRequiredService<Outbox>();
        NewEvent<OrderPlaced>[] events =
            [.. orders.Select(order => new NewEvent<OrderPlaced>(order.OrderId.ToString(), order) { Time = order.PlacedAt })];
        await using var connection = await Database.DataSource.OpenConnectionAsync();
        await outbox.AddAsync(connection, events);
        outbox.NotifyCommitted();
        return [.. events.Select(item => item.Id)];
    }

    public async ValueTask DisposeAsync()
    {
        await _publisher.StopAsync();
        _publisher.Dispose();
        await _redis.DisposeAsync();
        await Database.DisposeAsync();
    }
}
