using FanOut.Contracts.Webhooks;
using FanOut.WebhookWorker;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

/// <summary>A webhook worker with short delays, used over its HTTP API and its stream.</summary>
internal sealed class Webhooks : IAsyncDisposable
{
    private readonly bool _owns;

    private Webhooks(OrderStream orders, ServiceHost<WebhookOptions> host, bool owns)
    {
        Orders = orders;
        Host = host;
        _owns = owns;
        Api = RestService.For<IWebhookApi>(host.Http);
        Operations = RestService.For<IWebhookOperationsApi>(host.Http);
    }

    public OrderStream Orders { get; }

    public ServiceHost<WebhookOptions> Host { get; }

    /// <summary>For receivers that never answer. Anything else would be sent again where the machine is busy for so long.</summary>
    public static (string Key, string Value)[] Impatient => [("Webhooks:Timeout", "00:00:01"), ("Webhooks:Lease", "00:00:02")];

    public IWebhookApi Api { get; }

    public IWebhookOperationsApi Operations { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Dictionary<string, string> QuickSettings => new()
    {
        ["EventBus:Consumer:Lanes"] = "1",
        ["Webhooks:AllowPrivateNetworks"] = "true",
        ["Webhooks:MaxEndpointsPerOwner"] = "1000",
        ["Webhooks:RetrySchedule:0"] = "00:00:00.05",
        ["Webhooks:RetrySchedule:1"] = "00:00:00.05",
        ["Webhooks:RetrySchedule:2"] = "00:00:00.05",
        ["Webhooks:PollInterval"] = "00:00:00.2",
        ["Webhooks:SweepInterval"] = "00:00:00.2",
    };

    /// <summary>The settings of a worker with short delays on these orders.</summary>
    public static Dictionary<string, string> Settings(OrderStream orders) => new([.. orders.Settings, .. QuickSettings]);

    public static async Task<Webhooks> StartAsync(params IEnumerable<(string Key, string Value)> settings)
    {
        var orders = await OrderStream.CreateAsync();
        return new(orders, await HostAsync(orders, settings), owns: true);
    }

    public static async Task<Webhooks> StartOnAsync(
        OrderStream orders, params IEnumerable<(string Key, string Value)> settings) =>
        new(orders, await HostAsync(orders, settings), owns: false);

    /// <summary>One more worker of the same kind, on the same stream and database; dispose it before this one.</summary>
    public async Task<Webhooks> AnotherAsync(params IEnumerable<(string Key, string Value)> settings) =>
        new(Orders, await HostAsync(Orders, settings), owns: false);

    public async Task<WebhookEndpoint> SubscribeAsync(Receiver receiver, params IReadOnlyList<string> eventTypes)
        => await Api.CreateEndpointAsync(new(receiver.Url, eventTypes), Cancellation);

    public async Task<WebhookDelivery> DeliveryIsAsync(Guid endpoint, string state, Func<WebhookDelivery, bool>? and = null)
    {
        WebhookDelivery? found = null;
        await Eventually.BecomesTrueAsync(
            async () =>
            {
                var page = await Api.ListDeliveriesAsync(endpoint, state, cancellationToken: Cancellation);
                found = page.Deliveries.FirstOrDefault(and ?? (_ => true));
                return found is not null;
            });
        return found!;
    }

    public async Task<long> CountAsync(string sql)
    {
        await using var command = Host.Database.DataSource.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Host.Database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    public Task CountBecomesAsync(string sql, long count) =>
        Eventually.BecomesTrueAsync(async () => await CountAsync(sql) == count);

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        if (_owns)
        {
            await Orders.DisposeAsync();
        }
    }

    private static async Task<ServiceHost<WebhookOptions>> HostAsync(
        OrderStream orders, IEnumerable<(string Key, string Value)> settings)
    {
        var all = Settings(orders);
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        return await ServiceHost<WebhookOptions>.StartAsync(all, orders.Database, Cancellation);
    }
}
