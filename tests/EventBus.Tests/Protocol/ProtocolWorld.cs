using System.Collections.Concurrent;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Reclaiming;
using FanOut.TestServers;
using FanOut.TestServers.Gates;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>One stream with an outbox and two groups, on real servers, and what must be true of it in the end.</summary>
internal sealed class ProtocolWorld : IAsyncDisposable
{
    private const string Template = "protocol";
    private readonly PostgresDatabase _database;
    private readonly ConcurrentDictionary<GroupName, GroupProgress> _progress = new();
    private readonly IHost _host;

    private ProtocolWorld(ConnectionMultiplexer connection, PostgresDatabase database)
    {
        Connection = connection;
        _database = database;
        var builder = CreateHost();
        builder.Services.AddSingleton<IConnectionMultiplexer>(connection);
        builder.Services.AddSingleton(database.DataSource);
        builder.Services.AddSingleton(Faults);
        builder.Services.AddScoped<ProtocolHandler>();
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddOutbox().AddReclaimer();
        _host = builder.Build();
    }

    /// <summary>Nothing comes due by itself: the schedule says when time has passed.</summary>
    public static ConsumerOptions Options { get; } = new() { Start = GroupStart.Earliest, BatchSize = 4, BlockFor = TimeSpan.FromMilliseconds(1) };

    public static TimeProvider Time { get; } = new QuickTime(20);

    public static GroupName[] Groups { get; } = [new("audit"), new("billing")];

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
        await postgres.UseTemplateAsync(Template, (connectionString, _) => PrepareAsync(redis, connectionString), Cancellation);
        var world = new ProtocolWorld(redis, await postgres.CreateDatabaseAsync(Template, Cancellation));
        await new PublisherKind(world.Stream, outbox: true, world._database.DataSource).StartAsync(Cancellation);
        var groups = world.Services.GetRequiredService<ConsumerGroups>();
        foreach (var group in Groups)
        {
            await groups.RegisterAsync(world.Stream, group, Options, Cancellation);
            await groups.EnsureAsync(world.Stream, group, Cancellation);
        }

        return world;
    }

    public HostApplicationBuilder CreateHost()
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "tests", DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["EventBus:Stream"] = Stream.Value });
        return builder;
    }

    public GroupProgress Progress(GroupName group) => _progress.GetOrAdd(group, _ => new GroupProgress());

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
                and not exists (select from bus.dead_letters d where d.event_id = o.id and d."group" = g.name and d.state <> 'redriven')
            group by g.name
            union all
            select "group" || ': redriven and not settled ' || entry from bus.dead_letters where state = 'redriven' and settled_at is null
            union all
            select "group" || ': dead letter not moved ' || entry from bus.dead_letters where projected_at is null
            """,
            row => row.GetString(0));
        if (missing.Count > 0)
        {
            return string.Join("; ", missing);
        }

        try
        {
            foreach (var group in Groups)
            {
                var pending = (await Redis.StreamPendingAsync(Key, group.Value)).PendingMessageCount + (await Redis.StreamPendingAsync(StreamKeys.Redrive(Stream, group), group.Value)).PendingMessageCount;
                if (pending > 0)
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

    /// <summary>Each committed event has one effect in each group, or one dead letter; under one id, which is the one it stands under on the stream; and what is counted is so.</summary>
    public async Task AssertAllAsync(IReadOnlySet<Guid> committed)
    {
        var live = (await ReadAsync(
            """
            select event.id, (numbered.ms << 20) + numbered.number
            from (
                select ms, live_count, place.position, row_number() over (partition by ms order by place.position) - 1 as number
                from bus.relay_batch, unnest(positions) as range, generate_series(lower(range), upper(range) - 1) as place (position)) as numbered
            join bus.outbox event on event.position = numbered.position
            where numbered.number < numbered.live_count
            order by 2
            """,
            row => (Event: row.GetGuid(0), Id: EntryId.FromInt64(row.GetInt64(1))))).ToArray();
        Assert.Equal(committed.Order(), live.Select(entry => entry.Event).Order());
        var ids = live.ToDictionary(entry => entry.Event, entry => entry.Id);
        var events = live.ToDictionary(entry => entry.Id, entry => entry.Event);

        var entries = (await Redis.StreamRangeAsync(Key)).Where(entry => Guid.TryParse((string?)entry["id"], out _)).ToArray();
        Assert.All(entries, entry => Assert.Equal(events[EntryId.Parse(entry.Id.ToString())], Guid.Parse((string)entry["id"]!)));

        foreach (var group in Groups)
        {
            var effects = await ReadAsync($"select event_id, entry from effects where group_name = '{group}'", row => (Event: row.GetGuid(0), Id: EntryId.FromInt64(row.GetInt64(1))));
            Assert.All(effects, effect => Assert.Equal(ids[effect.Event], effect.Id));
            var letters = await ReadAsync($"select event_id from bus.dead_letters where \"group\" = '{group}' and state <> 'redriven' and event_id is not null", row => row.GetGuid(0));
            Assert.Equal(committed.Order(), effects.Select(effect => effect.Event).Concat(letters).Order());
            Assert.Equal([effects.Count], await ReadAsync($"select events from bus.group_progress where \"group\" = '{group}'", row => (int)row.GetInt64(0)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _host.Dispose();
        await _database.DisposeAsync();
    }

    private static async Task PrepareAsync(ConnectionMultiplexer redis, string connectionString)
    {
        await using var postgres = NpgsqlDataSource.Create(connectionString);
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "tests", DisableDefaults = true });
        builder.Services.AddSingleton<IConnectionMultiplexer>(redis);
        builder.Services.AddSingleton(postgres);
        builder.AddEventBus();
        using var host = builder.Build();
        foreach (var service in host.Services.GetServices<IHostedService>().OfType<IHostedLifecycleService>())
        {
            await service.StartingAsync(Cancellation);
        }

        await using var command = postgres.CreateCommand("create table effects (group_name text not null, number int not null, event_id uuid not null, entry int8 not null)");
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
