using FanOut.EventBus.Reclaiming;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Reclaiming;

public sealed class HandOverTests
{
    [Fact]
    public async Task A_dead_lane_s_entries_go_to_the_live_lane_with_least_pending()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(35);
        await world.ReadAsync("busy", 20);
        await world.ReadAsync("calm", 5);
        var left = await world.ReadAsync("dead", 10);
        await world.AgeAsync("dead", left);
        await world.BeatAsync("busy", "calm");

        await ReclaimingWorld.PassAsync(reclaimer);

        var pending = await world.PendingAsync();
        Assert.All(left, id => Assert.Equal(("calm", 1), pending[id]));
        Assert.Equal(20, pending.Values.Count(entry => entry.Consumer == "busy"));
    }

    [Fact]
    public async Task Entries_are_given_away_until_all_live_lanes_have_equally_many()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync(options => options.HandOverCount = 7);
        await world.Bus.PublishAsync(100);
        await world.ReadAsync("a", 25);
        await world.ReadAsync("b", 5);
        await world.AgeAsync("dead", await world.ReadAsync("dead", 70));
        await world.BeatAsync("a", "b", "c", "d");

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Equal(new Dictionary<string, int> { ["a"] = 25, ["b"] = 25, ["c"] = 25, ["d"] = 25 }, (await world.PendingByConsumerAsync()).OrderBy(count => count.Key).ToDictionary());
    }

    [Fact]
    public async Task Two_reclaimers_at_once_hand_over_each_entry_once()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => world.CreateReclaimerAsync(options => options.HandOverCount = 10)));
        await world.Bus.PublishAsync(1_000);
        var left = await world.ReadAsync("dead", 1_000);
        await world.AgeAsync("dead", left);
        await world.BeatAsync("a", "b");
        var group = await world.GroupAsync(reclaimers[0]);

        var given = await Task.WhenAll(reclaimers.Select(async reclaimer =>
        {
            var (sum, next) = (0, HandOver.Start);
            do
            {
                var page = await reclaimer.GetRequiredService<HandOver>().RunAsync(group, redriven: false, next, []);
                (sum, next) = (sum + page.Given, page.Next);
            }
            while (!next.IsNullOrEmpty);
            return sum;
        }));

        Assert.Equal(1_000, given.Sum());
        Assert.Equal(new Dictionary<string, int> { ["a"] = 500, ["b"] = 500 }, (await world.PendingByConsumerAsync()).OrderBy(count => count.Key).ToDictionary());
        Assert.All((await world.PendingAsync()).Values, entry => Assert.Equal(1, entry.Deliveries));
    }

    [Fact]
    public async Task Without_a_live_lane_entries_stay_where_they_are()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(10);
        await world.AgeAsync("dead", await world.ReadAsync("dead", 10));
        await world.Redis.SortedSetAddAsync(world.Lanes, "dead", 1);

        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal(new Dictionary<string, int> { ["dead"] = 10 }, await world.PendingByConsumerAsync());

        await world.BeatAsync("late");
        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal(new Dictionary<string, int> { ["late"] = 10 }, await world.PendingByConsumerAsync());
    }

    [Fact]
    public async Task An_entry_that_its_lane_renews_and_one_that_waits_for_its_next_attempt_are_left_alone()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(3);
        var ids = await world.ReadAsync("slow", 3);
        await world.AgeAsync("slow", [ids[1]]);
        await world.Redis.ExecuteAsync("XCLAIM", world.Key, ReclaimingWorld.Group.Value, StreamKeys.ParkedConsumer, 0, ids[2], "IDLE", 30_000, "JUSTID");
        await world.BeatAsync("quick");

        await ReclaimingWorld.PassAsync(reclaimer);

        var pending = await world.PendingAsync();
        Assert.Equal(["slow", "quick", StreamKeys.ParkedConsumer], ids.Select(id => pending[id].Consumer));
    }

    [Fact]
    public async Task A_lane_that_has_as_many_as_it_may_is_given_no_more()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync(options => (options.LaneLimit, options.HandOverCount) = (12, 5));
        await world.Bus.PublishAsync(40);
        await world.ReadAsync("a", 10);
        await world.AgeAsync("dead", await world.ReadAsync("dead", 30));
        await world.BeatAsync("a");

        await ReclaimingWorld.PassAsync(reclaimer);

        // The limit is looked at once for each page of five.
        Assert.Equal(15, (await world.PendingByConsumerAsync())["a"]);
    }

    [Fact]
    public async Task A_pending_entry_that_vanished_is_reported_unless_it_had_been_handled()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(5);
        var ids = await world.ReadAsync("dead", 5);
        await world.HandleAsync(ids[..2]);
        await world.AgeAsync("dead", ids);
        await world.Redis.StreamDeleteAsync(world.Key, ids[..4]);
        await world.BeatAsync("live");
        using var missing = new CounterReading("fanout.events.missing", world.Stream);

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Equal(2, missing.Sum);
        Assert.Equal([ids[4]], (await world.PendingAsync()).Keys);
    }

    [Fact]
    public async Task Redriven_entries_are_handed_over_too()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(1);
        var redriven = await world.RedriveAsync((await world.ReadAsync("dead", 1))[0], 1);
        await world.Redis.StreamReadGroupAsync(world.Redrive, ReclaimingWorld.Group.Value, "dead", ">", 10);
        await world.AgeAsync("dead", [redriven], key: world.Redrive);
        await world.BeatAsync("live");

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Equal("live", (await world.PendingAsync(world.Redrive))[redriven].Consumer);
    }

    [Fact]
    public async Task Work_is_handed_over_while_Redis_is_full()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var world = await ReclaimingWorld.CreateAsync(server);
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(20);
        await world.AgeAsync("dead", await world.ReadAsync("dead", 20));
        await world.BeatAsync("live");
        await world.Redis.ExecuteAsync("CONFIG", "SET", "maxmemory", "1mb");
        await Assert.ThrowsAsync<RedisServerException>(() => world.Bus.PublishAsync(1));

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Equal(new Dictionary<string, int> { ["live"] = 20 }, await world.PendingByConsumerAsync());
        Assert.DoesNotContain("dead", await world.ConsumersAsync());
    }

    [Fact]
    public async Task What_a_crashed_worker_left_has_its_effect_once()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        await world.Bus.PublishAsync(200);
        await world.AgeAsync("dead", await world.ReadAsync("dead", 60));
        await world.Bus.StartWorkerAsync(ReclaimingWorld.Group.Value, configure: options => options.ReclaimAfter = ReclaimingWorld.ReclaimAfter);
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddReclaimer(options => options.Interval = TimeSpan.FromMilliseconds(50));
        await world.Bus.StartAsync(builder);

        await world.Bus.AssertEachOnceAsync(ReclaimingWorld.Group.Value, 200);
        await BusWorld.UntilAsync(async () => !(await world.ConsumersAsync()).Contains("dead"), () => "the dead lane's consumer to go");
        var last = (await world.Redis.StreamInfoAsync(world.Key)).LastGeneratedId.ToString();
        await BusWorld.UntilAsync(async () => (await world.CheckpointAsync()).ToString() == last, () => "the checkpoint to reach the last event");
    }
}
