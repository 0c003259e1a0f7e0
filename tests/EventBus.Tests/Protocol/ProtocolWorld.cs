using FanOut.EventBus.Groups;
using FanOut.EventBus.Publishing;
using FanOut.TestServers;
using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>One stream with two groups, on real servers, and what must be true of it in the end.</summary>
internal sealed class ProtocolWorld : IAsyncDisposable
{
    public const string NewType = "test.invoiced";

    private const string Template = "protocol";
    private readonly PostgresDatabase _database;
    private readonly IHost _host;

    private ProtocolWorld(ConnectionMultiplexer connection, PostgresDatabase database)
    {
        Connection = connection;
        _database = database;
        var builder = CreateHost();
        builder.Services.AddSingleton<IConnectionMultiplexer>(connection);
        builder.Services.AddSingleton(database.DataSource);
        builder.Services.AddSingleton(Faults);
        builder.Services.AddScoped<ProtocolHandler>().AddScoped<ProtocolBatchHandler>();
        builder.AddEventBus()
            .AddEvent(Ping.EventType, PingJson.Default.Ping)
            .AddEvent(NewType, PingJson.Default.Invoiced)
            .AddStream(Stream.Value, stream => stream.AddOutbox());
        _host = builder.Build();
    }

    /// <summary>Nothing comes due by itself: the schedule says when time has passed.</summary>
    public static ConsumerOptions Options { get; } = new()
    {
        BatchSize = 4,
        BlockFor = TimeSpan.FromMilliseconds(1),
        RetryDelays = [TimeSpan.FromHours(1)],
        RetryBatchSize = 3,
        RetryPollInterval = TimeSpan.FromMilliseconds(100),
        MaxDeliveries = 50,
        ReclaimAfter = TimeSpan.FromHours(1),
    };

    public static TimeProvider Time { get; } = new QuickTime(20);

    public static GroupName[] GroupNames { get; } = [new("audit"), new("billing")];

    public IReadOnlyList<RegisteredGroup> Groups { get; private set; } = [];

    public StreamName Stream { get; } = new("orders");

    public RedisKey Key => StreamKeys.Stream(Stream);

    public ConnectionMultiplexer Connection { get; }

    public IDatabase Redis => Connection.GetDatabase();

    public string ConnectionString => _database.ConnectionString;

    public IServiceProvider Services => _host.Services;

    public ProtocolFaults Faults { get; } = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<ProtocolWorld> CreateAsync(ConnectionMultiplexer redis)
    {
        await redis.GetDatabase().ExecuteAsync("FLUSHALL");
        var postgres = await PostgresServer.SharedAsync();
        await postgres.UseTemplateAsync(Template, PrepareAsync, Cancellation);
        var world = new ProtocolWorld(redis, await postgres.CreateDatabaseAsync(Template, Cancellation));
        var stream = await world.Services.GetRequiredService<StreamCatalog>().GetAsync(world.Stream, Cancellation);
        var groups = world.Services.GetRequiredService<ConsumerGroups>();
        foreach (var name in GroupNames)
        {
            var group = await groups.RegisterAsync(
                stream, name, GroupStart.Earliest, Options.MaxDeliveries, Options.ReclaimAfter, () => { }, Cancellation);
            await groups.SubscribeAsync(group, [Ping.EventType, NewType], Cancellation);
            world.Groups = [.. world.Groups, group];
        }

        await world.Services.GetRequiredKeyedService<OutboxStart>(world.Stream.Value).StartingAsync(Cancellation);
        return world;
    }

    public static HostApplicationBuilder CreateHost() =>
        Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "tests", DisableDefaults = true });

    public async Task ExecuteAsync(string sql)
    {
        await using var command = _database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    public async Task<List<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read)
    {
        await using var command = _database.DataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var rows = new List<T>();
        while (await reader.ReadAsync(Cancellation))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <returns>What is still to be done; null where everything is.</returns>
    public async Task<string?> FindUnfinishedAsync()
    {
        var missing = await ReadAsync(
            """
            select g.name || ': ' || string_agg(o.position::text, ', ' order by o.position)
            from bus.outbox o cross join bus.consumer_group g
            where not exists (select from effects e where e.event_id = o.id and e.group_name = g.name)
                and not exists (select from bus.retry r where r.id = o.id and r.group_id = g.id and r.position is not null and r.state = 'dead')
            group by g.name
            union all
            select 'waits: ' || string_agg(position || ' (' || attempts || ', ' || coalesce(claim::text, '') || ')', ', ')
            from bus.retry where state = 'waiting' having count(*) > 0
            """,
            row => row.GetString(0));
        if (missing.Count > 0)
        {
            return string.Join("; ", missing);
        }

        try
        {
            foreach (var group in GroupNames)
            {
                if ((await Redis.StreamPendingAsync(Key, group.Value)).PendingMessageCount is > 0 and var pending)
                {
                    return $"{group}: {pending} pending";
                }
            }

            return null;
        }
        catch (RedisServerException e)
        {
            return e.Message;
        }
    }

    /// <summary>Each committed event has one effect in each group, or one dead letter; and what is counted is so.</summary>
    public async Task AssertAllAsync(IReadOnlySet<Guid> committed)
    {
        foreach (var group in Groups)
        {
            var effects = await ReadAsync($"select event_id from effects where group_name = '{group.Name}'", row => row.GetGuid(0));
            var dead = await ReadAsync(
                $"select id from bus.retry where group_id = {group.Id} and state = 'dead' and position is not null", row => row.GetGuid(0));
            Assert.Equal(committed.Order(), effects.Concat(dead).Order());
            Assert.Equal(
                [(long)effects.Count], await ReadAsync($"select events from bus.group_progress where \"group\" = '{group.Name}'",
                    row => row.GetInt64(0)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _host.Dispose();
        await _database.DisposeAsync();
    }

    private static async Task PrepareAsync(string connectionString, CancellationToken cancellationToken)
    {
        await BusWorld.MigrateAsync(connectionString, cancellationToken);
        await using var postgres = NpgsqlDataSource.Create($"{connectionString};Pooling=false");
        await using var command = postgres.CreateCommand(
            "create table effects (group_name text not null, event_id uuid not null, position int8 not null)");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
