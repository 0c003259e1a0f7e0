using FanOut.EventBus.Publishing;
using FanOut.EventBus.Tests.Reclaiming;
using FanOut.EventBus.Wire;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>An outbox with its stream, replicas that publish it, and a look at what was published.</summary>
internal sealed class OutboxWorld : IAsyncDisposable
{
    private readonly BusWorld _bus;
    private Outbox? _outbox;

    private OutboxWorld(BusWorld bus) => _bus = bus;

    public StreamName Stream => _bus.Stream;

    public IDatabase Redis => _bus.Redis;

    public ConnectionMultiplexer Connection => _bus.Connection;

    public NpgsqlDataSource Postgres => _bus.Postgres;

    public RedisKey Key => _bus.Key;

    public BusWorld Bus => _bus;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A world whose schema is there; no relay runs.</summary>
    public static async Task<OutboxWorld> CreateAsync(RedisServer? redis = null, PostgresServer? postgres = null)
    {
        var world = new OutboxWorld(await BusWorld.CreateAsync(redis, postgres));
        using var host = world.Build();
        foreach (var service in host.Services.GetServices<IHostedService>().OfType<IHostedLifecycleService>())
        {
            await service.StartingAsync(Cancellation);
        }

        await new PublisherKind(world.Stream, outbox: true, world.Postgres).StartAsync(Cancellation);
        return world;
    }

    /// <summary>One replica.</summary>
    public async Task<IHost> StartRelayAsync(Action<OutboxOptions>? configure = null, LogRecorder? log = null)
    {
        var host = Build(configure, log);
        await host.StartAsync(Cancellation);
        _outbox = host.Services.GetRequiredService<Outbox>();
        return host;
    }

    /// <summary>Ends a replica as a crash would, as far as others can see.</summary>
    public static async Task StopAsync(IHost host)
    {
        await host.StopAsync(Cancellation);
        host.Dispose();
    }

    public IHost Build(Action<OutboxOptions>? configure = null, LogRecorder? log = null)
    {
        var builder = _bus.CreateHost();
        if (log is not null)
        {
            builder.Logging.SetMinimumLevel(LogLevel.Information).AddProvider(log);
        }

        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddOutbox(options =>
        {
            options.PollInterval = TimeSpan.FromMilliseconds(20);
            options.StandbyInterval = TimeSpan.FromMilliseconds(20);
            options.CheckInterval = TimeSpan.FromMilliseconds(100);
            options.MaxBackoff = TimeSpan.FromMilliseconds(200);
            configure?.Invoke(options);
        });
        return builder.Build();
    }

    public async Task<NewEvent<Ping>[]> AddAsync(int count, int first = 1)
    {
        var events = Enumerable.Range(first, count).Select(number => new NewEvent<Ping>($"ping-{number}", new Ping(number))).ToArray();
        await using var connection = await Postgres.OpenConnectionAsync(Cancellation);
        foreach (var chunk in events.Chunk(5_000))
        {
            await AddAsync(connection, chunk);
        }

        _outbox?.NotifyCommitted();
        return events;
    }

    public async Task AddAsync(NpgsqlConnection connection, params NewEvent<Ping>[] events)
    {
        if (_outbox is null)
        {
            _outbox = Build().Services.GetRequiredService<Outbox>();
        }

        await _outbox.AddAsync(connection, events, Cancellation);
    }

    /// <summary>A step at a time, as a leader that may die after any.</summary>
    public async Task<ManualRelay> LeadByHandAsync() => await ManualRelay.StartAsync(this);

    public Task<StreamEntry[]> EntriesAsync() => Redis.StreamRangeAsync(Key);

    public async Task<Guid[]> PublishedAsync()
        => [.. (await EntriesAsync()).Where(entry => entry.Values.Length == EventFields.Count).Select(entry => Guid.Parse((string)entry[EventFields.Id]!))];

    public Task UntilLengthAsync(long length)
        => BusWorld.UntilAsync(async () => await Redis.StreamLengthAsync(Key) >= length, () => $"{length} entries on the stream");

    public static Task UntilStateAsync(IHost host, RelayState state)
    {
        var status = host.Services.GetRequiredService<RelayStatus>();
        return BusWorld.UntilAsync(() => Task.FromResult(status.State == state), () => $"{state} (is {status.State}: {status.Reason})");
    }

    /// <summary>Each event stands on the stream once, and in the order they were added in.</summary>
    public async Task AssertPublishedAsync(IEnumerable<NewEvent<Ping>> events)
    {
        var expected = events.Select(item => item.Id).ToArray();
        await UntilLengthAsync(expected.Length);
        Assert.Equal(expected, await PublishedAsync());
    }

    public Task<object?> ScalarAsync(string sql) => _bus.ScalarAsync(sql);

    public Task ExecuteAsync(string sql) => _bus.ExecuteAsync(sql);

    public ValueTask DisposeAsync() => _bus.DisposeAsync();
}
