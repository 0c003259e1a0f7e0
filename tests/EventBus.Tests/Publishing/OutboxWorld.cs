using FanOut.EventBus.Publishing;
using FanOut.EventBus.Wire;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>An outbox with its stream, replicas that publish it, and a look at what was published.</summary>
internal sealed class OutboxWorld : IAsyncDisposable
{
    private readonly List<IHost> _hosts = [];

    private OutboxWorld(BusWorld bus) => Bus = bus;

    public BusWorld Bus { get; }

    public IDatabase Redis => Bus.Redis;

    public NpgsqlDataSource Postgres => Bus.Postgres;

    public RedisKey Key => Bus.Key;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<OutboxWorld> CreateAsync(RedisServer? redis = null, PostgresServer? postgres = null) =>
        new(await BusWorld.CreateAsync(redis, postgres));

    /// <summary>One replica.</summary>
    public async Task<IHost> StartRelayAsync(
        Action<OutboxOptions>? configure = null, LogRecorder? log = null, NpgsqlDataSource? postgres = null)
    {
        var host = await Bus.StartAsync(Configure(configure, log, postgres));
        _hosts.Add(host);
        return host;
    }

    /// <summary>Ends a replica in an orderly way.</summary>
    public static Task StopAsync(IHost host) => host.StopAsync(Cancellation);

    public HostApplicationBuilder Configure(
        Action<OutboxOptions>? configure = null, LogRecorder? log = null, NpgsqlDataSource? postgres = null)
    {
        var builder = Bus.CreateHost(postgres);
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddStream(Bus.Stream.Value, stream => stream.AddOutbox(options =>
        {
            options.PollInterval = TimeSpan.FromMilliseconds(20);
            options.LeaseTimeout = TimeSpan.FromMilliseconds(500);
            options.MaxBackoff = TimeSpan.FromMilliseconds(200);
            configure?.Invoke(options);
        }));
        return builder;
    }

    /// <summary>The parts of a relay, to be used step by step.</summary>
    public async Task<ManualRelay> RelayByHandAsync(Action<OutboxOptions>? configure = null) =>
        await ManualRelay.CreateAsync(Bus, Bus.ServiceConnection, Postgres, configure);

    public Task<StreamEntry[]> EntriesAsync() => Redis.StreamRangeAsync(Key);

    /// <summary>The ids of the events on the stream, in its order.</summary>
    public async Task<Guid[]> PublishedAsync() =>
        [.. (await EntriesAsync()).Where(entry => !entry[EventFields.Id].IsNull).Select(entry => Guid.Parse((string)entry[EventFields.Id]!))];

    public Task UntilLengthAsync(long length) => BusWorld.UntilAsync(
        async () => await Redis.StreamLengthAsync(Key) >= length, () => $"{length} entries on the stream; {Describe()}");

    public static Task UntilStateAsync(IHost host, RelayState state)
    {
        var status = host.Services.GetRequiredService<RelayStatus>();
        return BusWorld.UntilAsync(() => Task.FromResult(status.State == state), () => $"{state} (is {status.State}: {status.Reason})");
    }

    public static async Task<HealthReportEntry> HealthAsync(IHost host) =>
        (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation)).Entries.Values.Single();

    /// <summary>Each event stands on the stream once, in the order of their positions.</summary>
    public async Task AssertPublishedAsync(params TestEvent[] events)
    {
        await UntilLengthAsync(events.Length);
        Assert.Equal(events.Select(item => item.Id), await PublishedAsync());
    }

    /// <summary>Each event stands on the stream, maybe more than once.</summary>
    public async Task AssertAllPublishedAsync(params TestEvent[] events)
    {
        await BusWorld.UntilAsync(
            async () => !events.Select(item => item.Id).Except(await PublishedAsync()).Any(),
            () => $"all of {events.Length} events on the stream");
    }

    /// <summary>What the relays have recorded beside the stream.</summary>
    public async Task<StreamFound> StateAsync() =>
        await new StreamAppender(Bus.Stream, Bus.Connection, new OutboxOptions()).ReadAsync();

    public ValueTask DisposeAsync() => Bus.DisposeAsync();

    private string Describe() => string.Join(
        "; ", _hosts.Select(host => host.Services.GetRequiredService<RelayStatus>()).Select(status => $"{status.State} {status.Reason}"));
}
