using System.Globalization;
using System.Text.Json;
using FanOut.AnalyticsWorker.Revenue;
using FanOut.Contracts;
using FanOut.TestServers;
using Npgsql;
using Refit;
using StackExchange.Redis;
using Xunit;

namespace FanOut.Services.Tests.AnalyticsWorker;

/// <summary>A database and a stream of their own for analytics workers, and a running worker.</summary>
public sealed class AnalyticsFixture : IAsyncLifetime
{
    private readonly string _stream = RedisServer.UniqueName();
    private PostgresDatabase? _database;
    private ConnectionMultiplexer? _redis;
    private ServiceHost<RevenueHandler>? _host;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public NpgsqlDataSource Database => _database!.DataSource;

    public HttpClient Http => _host!.Http;

    public IAnalyticsApi Api =>
        RestService.For<IAnalyticsApi>(Http, new RefitSettings(new SystemTextJsonContentSerializer(ContractsJson.Default.Options)));

    public static OrderPlaced NewOrder(
        string currency, DateTimeOffset placedAt, decimal total, params (string Sku, int Quantity, decimal Amount)[] lines)
    {
        var id = Guid.CreateVersion7();
        return new OrderPlaced(
            id,
            id.ToString(),
            new Customer("VINET", "Vins et alcools Chevalier", "vinet@example.com"),
            currency,
            [.. lines.Select(line => new OrderLine(line.Sku, $"Product {line.Sku}", line.Quantity, line.Amount / line.Quantity, 0, line.Amount))],
            total,
            placedAt);
    }

    public async ValueTask InitializeAsync()
    {
        _redis = await (await RedisServer.SharedAsync()).ConnectAsync();
        _database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        await StartWorkerAsync();
    }

    public async Task StartWorkerAsync() => _host = await ServiceHost<RevenueHandler>.StartAsync(
        new Dictionary<string, string>
        {
            ["EventBus:Stream"] = _stream,
            ["EventBus:Consumer:Start"] = "Earliest",
            ["EventBus:Consumer:Lanes"] = "4",
            ["EventBus:Consumer:BatchSize"] = "20",
        },
        _database);

    public async Task StopWorkerAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        _host = null;
    }

    public async Task PublishAsync(IEnumerable<OrderPlaced> orders) => await Task.WhenAll(orders.Select(order => _redis!.GetDatabase().StreamAddAsync(
        _stream,
        [
            new("id", Guid.CreateVersion7().ToString()),
            new("type", OrderPlaced.EventType),
            new("source", "test"),
            new("subject", order.OrderId.ToString()),
            new("time", order.PlacedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)),
            new("data", JsonSerializer.SerializeToUtf8Bytes(order, ContractsJson.Default.OrderPlaced)),
            new("traceparent", ""),
            new("tracestate", ""),
        ])));

    public async Task<long> CountEffectsAsync(IEnumerable<OrderPlaced> orders)
    {
        await using var command = Database.CreateCommand("""
            select count(*) from analytics.effects
            where subject = any ($1) and event_id is not null and effected_at <= clock_timestamp()
            """);
        command.Parameters.AddWithValue(orders.Select(order => order.OrderId.ToString()).ToArray());
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    public Task UntilEffectedAsync(IReadOnlyCollection<OrderPlaced> orders) =>
        Eventually.BecomesTrueAsync(async () => await CountEffectsAsync(orders) >= orders.Count, TimeSpan.FromSeconds(60));

    public async ValueTask DisposeAsync()
    {
        await StopWorkerAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }
    }
}
