using System.Globalization;
using System.Text;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Migrations;
using FanOut.EventBus.Wire;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests;

/// <summary>A stream of its own on real servers, with a database of its own, and a table that shows every effect however often it happens.</summary>
internal sealed class BusWorld : IAsyncDisposable
{
    /// <summary>When the events happened and were committed.</summary>
    public static readonly DateTimeOffset EventTime = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private const string Template = "event_bus";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private readonly List<IHost> _hosts = [];
    private readonly ConnectionMultiplexer _services;
    private int _numbers;

    private BusWorld(RedisServer server, ConnectionMultiplexer redis, ConnectionMultiplexer services, PostgresDatabase database)
    {
        (Server, Connection, _services, Database) = (server, redis, services, database);
        Catalog = new StreamCatalog(Postgres);
        Groups = new ConsumerGroups(_services, Postgres, TimeProvider.System);
    }

    public StreamName Stream { get; } = new(RedisServer.UniqueName());

    /// <summary>The stream as the database knows it.</summary>
    public StreamIdentity Identity { get; private set; } = null!;

    public StreamCatalog Catalog { get; }

    public ConsumerGroups Groups { get; }

    public RedisServer Server { get; }

    /// <summary>The test's own connection, which may do everything.</summary>
    public ConnectionMultiplexer Connection { get; }

    /// <summary>The connection of services, which may not do admin commands.</summary>
    public IConnectionMultiplexer ServiceConnection => _services;

    public IDatabase Redis => Connection.GetDatabase();

    public PostgresDatabase Database { get; }

    public NpgsqlDataSource Postgres => Database.DataSource;

    public RedisKey Key => StreamKeys.Stream(Stream);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="redis">The shared one unless set.</param>
    /// <param name="postgres">The shared one unless set.</param>
    /// <param name="route">How Redis is reached; at its address unless set.</param>
    public static async Task<BusWorld> CreateAsync(RedisServer? redis = null, PostgresServer? postgres = null, ConfigurationOptions? route = null)
    {
        redis ??= await RedisServer.SharedAsync();
        postgres ??= await PostgresServer.SharedAsync();
        await postgres.UseTemplateAsync(Template, MigrateAsync, Cancellation);
        var database = await postgres.CreateDatabaseAsync(Template, Cancellation);
        var world = new BusWorld(redis, await ConnectAsync(allowAdmin: true), await ConnectAsync(allowAdmin: false), database);
        world.Identity = await world.Catalog.GetAsync(world.Stream, Cancellation);
        await world.ExecuteAsync(
            "create table effects (group_name text not null, number int not null, event_id uuid not null, delivery int not null)");
        return world;

        async Task<ConnectionMultiplexer> ConnectAsync(bool allowAdmin)
        {
            if (route is null)
            {
                return await redis.ConnectAsync(options => options.AllowAdmin = allowAdmin);
            }

            var options = route.Clone();
            options.AllowAdmin = allowAdmin;
            return await ConnectionMultiplexer.ConnectAsync(options);
        }
    }

    public async Task<RegisteredGroup> RegisterGroupAsync(string name, int maxDeliveries = 4, TimeSpan? reclaimAfter = null, params string[] types)
    {
        var group = await Groups.RegisterAsync(
            Identity, new GroupName(name), GroupStart.Earliest, maxDeliveries, reclaimAfter ?? TimeSpan.FromSeconds(60), () => { },
            Cancellation);
        await Groups.SubscribeAsync(group, types is [] ? [Ping.EventType] : types, Cancellation);
        await Groups.CreateInRedisAsync(group);
        return group;
    }

    /// <summary>A worker of one group. <paramref name="script"/> says what its handler does beside its effect.</summary>
    public async Task<IHost> StartWorkerAsync(
        string group,
        HandlerScript? script = null,
        bool batches = true,
        Action<ConsumerOptions>? configure = null,
        string type = Ping.EventType,
        ILoggerProvider? log = null)
    {
        var builder = CreateHost();
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        builder.Services.AddSingleton(script ?? new HandlerScript());
        builder.AddEventBus().AddEvent(type, PingJson.Default.Ping).AddStream(Stream.Value, stream => stream.AddConsumerGroup(
            group,
            handlers => _ = batches ? handlers.SubscribeBatch<Ping, PingBatchHandler>() : handlers.Subscribe<Ping, PingHandler>(),
            options =>
            {
                options.Lanes = 2;
                options.BlockFor = TimeSpan.FromMilliseconds(100);
                options.RetryPollInterval = TimeSpan.FromMilliseconds(20);
                options.RetryDelays = [TimeSpan.FromMilliseconds(50)];
                configure?.Invoke(options);
            }));
        return await StartAsync(builder);
    }

    /// <param name="postgres">Where the host finds the database; directly unless set.</param>
    public HostApplicationBuilder CreateHost(NpgsqlDataSource? postgres = null)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "tests", DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddProvider(new TestLog());
        builder.Services.AddSingleton<IConnectionMultiplexer>(_services);
        builder.Services.AddSingleton(postgres ?? Postgres);
        return builder;
    }

    public async Task<IHost> StartAsync(HostApplicationBuilder builder)
    {
        var host = builder.Build();
        _hosts.Add(host);
        await host.StartAsync(Cancellation);
        return host;
    }

    /// <summary>Adds events to the outbox, committed long ago: the pings with the next numbers. Nothing is published.</summary>
    /// <returns>Their positions, ids and numbers.</returns>
    public async Task<TestEvent[]> AddEventsAsync(int count, string type = Ping.EventType, NpgsqlDataSource? postgres = null)
    {
        var numbers = Enumerable.Range(0, count).Select(_ => Interlocked.Increment(ref _numbers)).ToArray();
        await using var command = (postgres ?? Postgres).CreateCommand("""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data, created_at)
            select
                $1, bus.next_position($1), id, $2, 'tests', number::text, $5, convert_to('{"number":' || number || '}', 'UTF8'), $5
            from unnest($3, $4) as event (id, number) returning position, id
            """);
        command.Parameters.AddWithValue(Identity.Id);
        command.Parameters.AddWithValue(type);
        command.Parameters.AddWithValue(numbers.Select(_ => Guid.CreateVersion7()).ToArray());
        command.Parameters.AddWithValue(numbers);
        command.Parameters.AddWithValue(EventTime);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var events = new List<TestEvent>();
        while (await reader.ReadAsync(Cancellation))
        {
            events.Add(new TestEvent(reader.GetInt64(0), reader.GetGuid(1), type, numbers[events.Count]));
        }

        return [.. events];
    }

    /// <summary>Appends events to the stream as a relay writes them, without a relay.</summary>
    public async Task<RedisValue[]> AppendAsync(params TestEvent[] events) =>
        await Task.WhenAll(events.Select(item => Redis.StreamAddAsync(Key, Fields(item))));

    /// <summary>Adds events to the outbox and appends them to the stream.</summary>
    public async Task<TestEvent[]> PublishAsync(int count)
    {
        var events = await AddEventsAsync(count);
        await AppendAsync(events);
        return events;
    }

    public static NameValueEntry[] Fields(TestEvent item) =>
    [
        new(EventFields.Position, item.Position),
        new(EventFields.Id, item.Id.ToString()),
        new(EventFields.Type, item.Type),
        new(EventFields.Source, "tests"),
        new(EventFields.Subject, item.Number.ToString(CultureInfo.InvariantCulture)),
        new(EventFields.Time, "2026-01-02T03:04:05.0000000Z"),
        new(EventFields.Data, Encoding.UTF8.GetBytes($$"""{"number":{{item.Number}}}""")),
        new(EventFields.TraceParent, ""),
        new(EventFields.TraceState, ""),
    ];

    public async Task<long> EffectsAsync(string group) => (long)(await ScalarAsync($"select count(*) from effects where group_name = '{group}'"))!;

    /// <summary>Waits until each of the events 1 to <paramref name="count"/>, but for those excepted, has exactly one effect in the group.</summary>
    public async Task AssertEachOnceAsync(string group, int count, params int[] except)
    {
        var expected = Enumerable.Range(1, count).Except(except).ToArray();
        await UntilAsync(async () => await EffectsAsync(group) >= expected.Length, () => $"effects of {group}");
        await UntilPendingAsync(group, 0);
        Assert.Equal("", await ScalarAsync($$"""
            select coalesce(string_agg(format('%s of %s: %s', times, number, ways), E'\n'), '')
            from (
                select
                    coalesce(expected.number, effect.number) as number, count(effect.event_id) as times,
                    string_agg(format('delivery %s of event %s at %s, transaction %s', delivery, event_id, position, effect.xmin), '; ') as ways
                from unnest('{ {{string.Join(',', expected)}} }'::int[]) as expected (number)
                full join (select *, xmin from effects where group_name = '{{group}}') as effect on effect.number = expected.number
                left join bus.outbox on outbox.id = effect.event_id and outbox.stream = {{Identity.Id}}
                group by coalesce(expected.number, effect.number), expected.number
                having count(effect.event_id) <> 1 or expected.number is null
            ) as wrong
            """));
    }

    public Task UntilPendingAsync(string group, int count) => UntilAsync(
        async () => (await Redis.StreamPendingAsync(Key, group)).PendingMessageCount == count, () => $"{count} pending in {group}");

    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = Postgres.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Cancellation);
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Postgres.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        using var deadline = new CancellationTokenSource(Timeout);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        do
        {
            if (await condition())
            {
                return;
            }
        }
        while (!deadline.IsCancellationRequested && await timer.WaitForNextTickAsync(Cancellation));
        Assert.Fail($"Waited {Timeout} in vain for: {what()}.");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await host.StopAsync(timeout.Token);
            host.Dispose();
        }

        await _services.DisposeAsync();
        await Connection.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>A migrator that finds nothing to do: the database is made from a template.</summary>
    public static SchemaMigrator NothingToMigrate(NpgsqlDataSource postgres) =>
        new([], [], postgres, TimeProvider.System, NullLogger<SchemaMigrator>.Instance);

    public static async Task MigrateAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var postgres = NpgsqlDataSource.Create($"{connectionString};Pooling=false");
        var assembly = typeof(StreamCatalog).Assembly;
        var schemas = new[] { new SchemaMigration("bus", assembly, IsShared: true) };
        var migrator = new SchemaMigrator(schemas, [], postgres, TimeProvider.System, NullLogger<SchemaMigrator>.Instance);
        await migrator.StartingAsync(cancellationToken);
    }
}

internal sealed record TestEvent(long Position, Guid Id, string Type, int Number);
