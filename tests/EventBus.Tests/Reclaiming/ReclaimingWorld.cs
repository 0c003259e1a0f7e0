using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Wire;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Reclaiming;

/// <summary>A stream with one registered group, lanes that exist only in Redis, and reclaimers that do a pass when told to.</summary>
internal sealed class ReclaimingWorld : IAsyncDisposable
{
    private readonly List<IHost> _hosts = [];

    private ReclaimingWorld(BusWorld bus) => Bus = bus;

    public static GroupName Group { get; } = new("billing");

    public static TimeSpan ReclaimAfter { get; } = TimeSpan.FromSeconds(60);

    public BusWorld Bus { get; }

    public StreamName Stream => Bus.Stream;

    public IDatabase Redis => Bus.Redis;

    public RedisKey Key => Bus.Key;

    public RedisKey Redrive => StreamKeys.Redrive(Stream, Group);

    public RedisKey Lanes => StreamKeys.Lanes(Stream, Group);

    public RedisKey DeadLetters => StreamKeys.DeadLetters(Stream, Group);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<ReclaimingWorld> CreateAsync(RedisServer? redis = null, PostgresServer? postgres = null)
    {
        var world = new ReclaimingWorld(await BusWorld.CreateAsync(redis, postgres));
        var services = await world.CreateReclaimerAsync();
        var groups = services.GetRequiredService<ConsumerGroups>();
        await groups.RegisterAsync(world.Stream, Group, new ConsumerOptions { Start = GroupStart.Earliest, ReclaimAfter = ReclaimAfter }, Cancellation);
        await groups.EnsureAsync(world.Stream, Group, Cancellation);
        return world;
    }

    /// <summary>The parts of a reclaimer; nothing runs by itself.</summary>
    public async Task<IServiceProvider> CreateReclaimerAsync(Action<ReclaimerOptions>? configure = null, Action<IServiceCollection>? services = null)
    {
        var builder = Bus.CreateHost();
        builder.AddEventBus().AddReclaimer(configure);
        services?.Invoke(builder.Services);
        var host = builder.Build();
        _hosts.Add(host);
        foreach (var service in host.Services.GetServices<IHostedService>().OfType<IHostedLifecycleService>())
        {
            await service.StartingAsync(Cancellation);
        }

        return host.Services;
    }

    public static Task PassAsync(IServiceProvider reclaimer) => reclaimer.GetRequiredService<Reclaimer>().PassAsync(Cancellation);

    public async Task<RegisteredGroup> GroupAsync(IServiceProvider reclaimer) => Assert.Single(await reclaimer.GetRequiredService<RegisteredGroups>().FindAsync(Stream, Cancellation));

    public async Task BeatAsync(params string[] lanes)
    {
        var now = (await Bus.Connection.GetServers()[0].TimeAsync()).Subtract(DateTime.UnixEpoch).TotalMilliseconds;
        foreach (var lane in lanes)
        {
            await Redis.SortedSetAddAsync(Lanes, lane, Math.Floor(now));
        }
    }

    /// <summary>A lane reads new entries of the stream and does nothing with them.</summary>
    public async Task<RedisValue[]> ReadAsync(string lane, int count)
        => [.. (await Redis.StreamReadGroupAsync(Key, Group.Value, lane, ">", count)).Select(entry => entry.Id)];

    /// <summary>Makes entries look as if nobody had worked on them for <see cref="ReclaimAfter"/>, after so many deliveries.</summary>
    public async Task AgeAsync(string lane, IEnumerable<RedisValue> ids, int deliveries = 1, RedisKey? key = null)
    {
        foreach (var id in ids)
        {
            await Redis.ExecuteAsync("XCLAIM", key ?? Key, Group.Value, lane, 0, id, "IDLE", (long)ReclaimAfter.TotalMilliseconds, "RETRYCOUNT", deliveries, "JUSTID");
        }
    }

    /// <summary>What is pending, with whom and how often delivered, by id.</summary>
    public async Task<Dictionary<RedisValue, (string Consumer, int Deliveries)>> PendingAsync(RedisKey? key = null)
        => (await Redis.StreamPendingMessagesAsync(key ?? Key, Group.Value, 10_000, RedisValue.Null)).ToDictionary(entry => entry.MessageId, entry => (entry.ConsumerName.ToString(), entry.DeliveryCount));

    public async Task<Dictionary<string, int>> PendingByConsumerAsync()
        => (await PendingAsync()).Values.GroupBy(entry => entry.Consumer).ToDictionary(entries => entries.Key, entries => entries.Count());

    public async Task<string[]> ConsumersAsync(RedisKey? key = null)
        => [.. (await Redis.StreamConsumerInfoAsync(key ?? Key, Group.Value)).Select(consumer => consumer.Name).Order(StringComparer.Ordinal)];

    public async Task<EntryId> CheckpointAsync() => EntryId.FromInt64((long)(await Bus.ScalarAsync("select checkpoint from bus.consumer_group"))!);

    /// <summary>Says that the group has handled the entries, as a lane does.</summary>
    public async Task HandleAsync(IEnumerable<RedisValue> ids)
    {
        foreach (var id in ids)
        {
            var value = EntryId.Parse(id.ToString()).Value;
            await Bus.ExecuteAsync($"insert into bus.inbox values ('{Stream}', '{Group}', int8range({value}, {value + 1}))");
        }
    }

    /// <summary>Adds an entry of the stream to the redrive stream.</summary>
    public async Task<RedisValue> RedriveAsync(RedisValue id, int number)
        => await Redis.StreamAddAsync(Redrive, [new(EventFields.Entry, id), .. BusWorld.Event(number)]);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            host.Dispose();
        }

        await Bus.DisposeAsync();
    }
}
