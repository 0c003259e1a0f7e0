using FanOut.AnalyticsWorker.Revenue;
using FanOut.Contracts;
using Npgsql;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.AnalyticsWorker;

/// <summary>Orders for analytics workers, and a running worker.</summary>
public sealed class AnalyticsFixture : IAsyncLifetime
{
    private OrderStream? _orders;
    private ServiceHost<RevenueHandler>? _host;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public NpgsqlDataSource Database => _orders!.Database.DataSource;

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
        _orders = await OrderStream.CreateAsync();
        await StartWorkerAsync();
    }

    public async Task StartWorkerAsync() => _host = await ServiceHost<RevenueHandler>.StartAsync(
        new Dictionary<string, string>(_orders!.Settings)
        {
            ["EventBus:Consumer:Lanes"] = "4",
            ["EventBus:Consumer:BatchSize"] = "20",
        },
        _orders.Database);

    public async Task StopWorkerAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        _host = null;
    }

    public Task PublishAsync(IEnumerable<OrderPlaced> orders) => _orders!.PublishAsync(orders);

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
        Eventually.BecomesTrueAsync(async () => await CountEffectsAsync(orders) >= orders.Count);

    public async ValueTask DisposeAsync()
    {
        await StopWorkerAsync();
        if (_orders is not null)
        {
            await _orders.DisposeAsync();
        }
    }
}
