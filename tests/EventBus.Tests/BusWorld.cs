using System.Globalization;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.Wire;
using FanOut.TestServers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests;

/// <summary>A stream of its own on real servers, a table that shows every effect however often it happens, and workers to consume.</summary>
internal sealed class BusWorld : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly List<IHost> _hosts = [];
    private readonly ConnectionMultiplexer _services;
    private int _published;

    private BusWorld(RedisServer server, ConnectionMultiplexer redis, ConnectionMultiplexer services, PostgresDatabase database)
    {
        Server = server;
        Connection = redis;
        _services = services;
        Database = database;
    }

    public StreamName Stream { get; } = new(RedisServer.UniqueName());

    public RedisServer Server { get; }

    /// <summary>The test's own connection, which may do everything; services have one that may not.</summary>
    public ConnectionMultiplexer Connection { get; }

    public IDatabase Redis => Connection.GetDatabase();

    public PostgresDatabase Database { get; }

    public NpgsqlDataSource Postgres => Database.DataSource;

    public RedisKey Key => StreamKeys.Stream(Stream);

    public static async Task<BusWorld> CreateAsync(RedisServer? redis = null, PostgresServer? postgres = null)
    {
        redis ??= await RedisServer.SharedAsync();
        postgres ??= await PostgresServer.SharedAsync();
        var world = new BusWorld(redis, await redis.ConnectAsync(), await redis.ConnectAsync(options => options.AllowAdmin = false), await postgres.CreateDatabaseAsync());
        await world.ExecuteAsync("create table effects (group_name text not null, number int not null, event_id uuid not null, delivery int not null)");
        return world;
    }

    /// <summary>A worker of one group. <paramref name="script"/> says what its handler does beside its effect.</summary>
    public async Task<IHost> StartWorkerAsync(string group, HandlerScript? script = null, bool batches = true, Action<ConsumerOptions>? configure = null)
    {
        var builder = CreateHost();
        builder.Services.AddSingleton(script ?? new HandlerScript());
        var consumer = builder.AddEventBus()
            .AddEvent(Ping.EventType, PingJson.Default.Ping)
            .AddConsumerGroup(group, options =>
            {
                options.Start = Groups.GroupStart.Earliest;
                options.Lanes = 2;
                options.BlockFor = TimeSpan.FromMilliseconds(100);
                options.Heartbeat = TimeSpan.FromMilliseconds(200);
                configure?.Invoke(options);
            });
        _ = batches ? consumer.SubscribeBatch<Ping, PingBatchHandler>() : consumer.Subscribe<Ping, PingHandler>();
        var host = await StartAsync(builder);
        await UntilAsync(async () => await Redis.SortedSetLengthAsync(StreamKeys.Lanes(Stream, new GroupName(group))) > 0, () => $"a live lane of {group}");
        return host;
    }

    public HostApplicationBuilder CreateHost()
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "tests", DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["EventBus:Stream"] = Stream.Value });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton<IConnectionMultiplexer>(_services);
        builder.Services.AddSingleton(Postgres);
        return builder;
    }

    public async Task<IHost> StartAsync(HostApplicationBuilder builder)
    {
        var host = builder.Build();
        _hosts.Add(host);
        await host.StartAsync(TestContext.Current.CancellationToken);
        return host;
    }

    /// <summary>Appends events as a direct publisher does.</summary>
    public async Task<RedisValue[]> PublishAsync(int count)
    {
        var ids = new Task<RedisValue>[count];
        for (var i = 0; i < count; i++)
        {
            ids[i] = Redis.StreamAddAsync(Key, Event(Interlocked.Increment(ref _published)));
        }

        return await Task.WhenAll(ids);
    }

    public static NameValueEntry[] Event(int number) =>
    [
        new(EventFields.Id, Guid.CreateVersion7().ToString()),
        new(EventFields.Type, Ping.EventType),
        new(EventFields.Source, "tests"),
        new(EventFields.Subject, number.ToString(CultureInfo.InvariantCulture)),
        new(EventFields.Time, "2026-01-02T03:04:05.0000000Z"),
        new(EventFields.Data, $$"""{"number":{{number}}}"""),
        new(EventFields.TraceParent, ""),
        new(EventFields.TraceState, ""),
    ];

    public async Task<long> EffectsAsync(string group) => (long)(await ScalarAsync($"select count(*) from effects where group_name = '{group}'"))!;

    /// <summary>Whether each of the events 1 to <paramref name="count"/>, but for those excepted, has exactly one effect in the group.</summary>
    public async Task AssertEachOnceAsync(string group, int count, params int[] except)
    {
        var expected = Enumerable.Range(1, count).Except(except).ToArray();
        await UntilAsync(async () => await EffectsAsync(group) >= expected.Length, () => $"effects of {group}");
        await UntilPendingAsync(group, 0);
        var numbers = new List<int>();
        await using var command = Postgres.CreateCommand($"select number from effects where group_name = '{group}' order by number");
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            numbers.Add(reader.GetInt32(0));
        }

        Assert.Equal(expected, numbers);
    }

    public Task UntilPendingAsync(string group, int count)
        => UntilAsync(async () => (await Redis.StreamPendingAsync(Key, group)).PendingMessageCount == count, () => $"{count} pending in {group}");

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = Postgres.CreateCommand(sql);
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Postgres.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        do
        {
            if (await condition())
            {
                return;
            }
        }
        while (!deadline.IsCancellationRequested && await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken));
        Assert.Fail($"Waited {Patience} in vain for: {what()}.");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await host.StopAsync(patience.Token);
            host.Dispose();
        }

        await _services.DisposeAsync();
        await Connection.DisposeAsync();
        await Database.DisposeAsync();
    }
}
