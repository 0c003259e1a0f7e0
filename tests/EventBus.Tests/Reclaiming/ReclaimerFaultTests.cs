using System.Collections.Concurrent;
using System.Diagnostics;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Reclaiming;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Tests.Reclaiming;

public sealed class ReclaimerFaultTests
{
    [Fact]
    public async Task While_Redis_is_away_the_reclaimer_says_so_once_and_goes_on_by_itself()
    {
        await using var server = await RedisServer.StartAsync(new() { AppendOnly = true, AppendFsync = "always" }, TestContext.Current.CancellationToken);
        await using var world = await ReclaimingWorld.CreateAsync(server);
        var (host, log) = await StartAsync(world);
        var reclaimer = host.Services.GetRequiredService<Reclaimer>();
        await BusWorld.UntilAsync(() => Task.FromResult(Healthy(world) == 1), () => "a pass that succeeds");

        await server.KillAsync();
        await BusWorld.UntilAsync(() => Task.FromResult(reclaimer.Trouble is not null), () => "trouble");
        Assert.Equal(0, Healthy(world));
        await server.RestartAsync(TestContext.Current.CancellationToken);
        await BusWorld.UntilAsync(() => Task.FromResult(reclaimer.Trouble is null), () => "recovery");
        await UntilSampledAsync(host);

        Assert.Single(log.Entries, entry => entry.EventId.Id == 521);
        Assert.Single(log.Entries, entry => entry.EventId.Id == 522);
    }

    [Fact]
    public async Task While_Postgres_is_away_nothing_is_dead_lettered_and_the_reclaimer_goes_on_by_itself()
    {
        await using var server = await PostgresServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var world = await ReclaimingWorld.CreateAsync(postgres: server);
        var (host, _) = await StartAsync(world);
        var reclaimer = host.Services.GetRequiredService<Reclaimer>();
        await UntilSampledAsync(host);
        await server.StopAsync();
        await BusWorld.UntilAsync(() => Task.FromResult(reclaimer.Trouble is not null), () => "trouble");
        await world.Bus.PublishAsync(1);
        var ids = await world.ReadAsync("dead", 1);
        await world.AgeAsync("dead", ids, deliveries: 3);
        Assert.Single(await world.PendingAsync());

        await server.RestartAsync(TestContext.Current.CancellationToken);

        await BusWorld.UntilAsync(async () => (await world.PendingAsync()).Count == 0, () => "the dead letter");
        Assert.Equal(1L, await world.Bus.ScalarAsync("select count(*) from bus.dead_letters"));
    }

    [Fact]
    public async Task An_entry_that_is_locked_for_long_in_one_group_holds_up_no_other_group()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        var other = new GroupName("zeal");
        var groups = reclaimer.GetRequiredService<ConsumerGroups>();
        await groups.RegisterAsync(world.Stream, other, new ConsumerOptions { Start = GroupStart.Earliest, ReclaimAfter = ReclaimingWorld.ReclaimAfter }, TestContext.Current.CancellationToken);
        await groups.EnsureAsync(world.Stream, other, TestContext.Current.CancellationToken);
        await world.Bus.PublishAsync(1);
        var ids = await world.ReadAsync("dead", 1);
        await world.AgeAsync("dead", ids, deliveries: 3);
        await world.Redis.StreamReadGroupAsync(world.Key, other.Value, "dead", ">", 1);
        await world.Redis.ExecuteAsync("XCLAIM", world.Key, other.Value, "dead", 0, ids[0], "IDLE", (long)ReclaimingWorld.ReclaimAfter.TotalMilliseconds, "RETRYCOUNT", 3, "JUSTID");
        var value = EntryId.Parse(ids[0].ToString()).Value;
        await using (var holder = await world.Bus.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken))
        {
            await using var transaction = await holder.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await using var command = new NpgsqlCommand($"insert into bus.inbox values ('{world.Stream}', '{ReclaimingWorld.Group}', int8range({value}, {value + 1}))", holder);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

            await ReclaimingWorld.PassAsync(reclaimer).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

            Assert.Equal("zeal", await world.Bus.ScalarAsync("select \"group\" from bus.dead_letters"));
            Assert.Single(await world.PendingAsync());
        }

        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal(2L, await world.Bus.ScalarAsync("select count(*) from bus.dead_letters"));
    }

    [Fact]
    public async Task Looking_after_an_idle_stream_leaves_no_traces()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        // A parent-based sampler records no span whose parent is not recorded.
        var recorded = new ConcurrentBag<string>();
        var seen = 0;
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Npgsql",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.Tags.Any(tag => tag.Value == world.Bus.Database.Name))
                {
                    Interlocked.Increment(ref seen);
                    if (activity.Parent is not { Recorded: false })
                    {
                        recorded.Add(activity.DisplayName);
                    }
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddReclaimer(options => options.Interval = TimeSpan.FromMilliseconds(50));
        using var host = builder.Build();
        var reclaimer = host.Services.GetRequiredService<Reclaimer>();
        await reclaimer.StartAsync(TestContext.Current.CancellationToken);
        await UntilSampledAsync(host);
        await reclaimer.StopAsync(TestContext.Current.CancellationToken);

        Assert.True(seen > 0);
        Assert.Empty(recorded);
    }

    private static async Task<(IHost Host, LogRecorder Log)> StartAsync(ReclaimingWorld world)
    {
        var log = new LogRecorder();
        var builder = world.Bus.CreateHost();
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddProvider(log);
        builder.AddEventBus().AddReclaimer(options => options.Interval = TimeSpan.FromMilliseconds(50));
        return (await world.Bus.StartAsync(builder), log);
    }

    private static Task UntilSampledAsync(IHost host)
    {
        var sampler = host.Services.GetRequiredService<StreamSampler>();
        var before = sampler.Latest;
        return BusWorld.UntilAsync(() => Task.FromResult(sampler.Latest is not null && sampler.Latest != before), () => "a new sample");
    }

    private static int Healthy(ReclaimingWorld world) => GaugeReading.Read(world.Stream).TryGetValue("fanout.reclaimer.healthy", out var value) ? (int)value : -1;
}
