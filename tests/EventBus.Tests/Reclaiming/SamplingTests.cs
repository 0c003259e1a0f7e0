using FanOut.EventBus.Reclaiming;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Reclaiming;

public sealed class SamplingTests
{
    [Fact]
    public async Task A_sample_tells_lag_pending_parked_lanes_and_idle()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(10);
        var ids = await world.ReadAsync("lane", 6);
        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, ids[0]);
        await world.AgeAsync("old", [ids[1]]);
        await world.AgeAsync(StreamKeys.ParkedConsumer, ids[4..]);
        await world.RedriveAsync(ids[0], 1);
        await world.BeatAsync("lane");

        var sample = await SampleAsync(reclaimer);

        var group = Assert.Single(sample.Groups);
        Assert.Equal((true, 5L, false), (group.Exists, group.Lag, group.LagIsLowerBound));
        Assert.Equal((3L, 2L, 1, 0L), (group.Pending, group.Parked, group.LiveLanes, group.DeadLetters));
        Assert.InRange(group.LagDuration, TimeSpan.FromTicks(1), TimeSpan.FromMinutes(1));
        Assert.InRange(group.OldestIdle, ReclaimingWorld.ReclaimAfter, ReclaimingWorld.ReclaimAfter * 2);
        Assert.Equal([("lane", 2L, true), ("old", 1L, false), (StreamKeys.ParkedConsumer, 2L, false)], group.Consumers.Select(consumer => (consumer.Name, consumer.Pending, consumer.IsLive)).Order());
        Assert.Equal(10, sample.Length);
        Assert.True(sample.MemoryUsed > 0);
        Assert.Null(sample.MemoryLimit);
    }

    [Fact]
    public async Task With_an_outbox_lag_is_counted_from_what_was_published_also_where_Redis_does_not_know()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.ExecuteAsync($"insert into bus.outbox_stream (stream) values ('{world.Stream}')");
        foreach (var (ms, before, count, live, total) in new[] { (1_000, 0, 4, 4, 4), (1_005, 1_000, 3, 2, 6), (1_009, 1_005, 5, 5, 11) })
        {
            await world.Bus.ExecuteAsync(
                $"insert into bus.relay_batch (ms, predecessor, positions, event_count, live_count, total, highest, gaps, gaps_from, checksum) values ({ms}, {before}, '{{}}', {count}, {live}, {total}, 0, '{{}}', 0, 0)");
            for (var k = 0; k < live; k++)
            {
                await world.Redis.StreamAddAsync(world.Key, BusWorld.Event(k), $"{ms}-{k}");
            }
        }

        Assert.Equal(11, await LagAsync());
        await world.ReadAsync("lane", 2);
        Assert.Equal(9, await LagAsync());

        // Redis has no answer after an XDEL, and the deleted event is among those the group will not see.
        await world.Redis.StreamDeleteAsync(world.Key, ["1000-3"]);
        Assert.Null((await world.Redis.StreamGroupInfoAsync(world.Key))[0].Lag);
        Assert.Equal(9, await LagAsync());
        await world.ReadAsync("lane", 3);
        Assert.Equal(5, await LagAsync());
        await world.ReadAsync("lane", 100);
        Assert.Equal(0, await LagAsync());

        // A group created at a checkpoint between two entries.
        await world.Redis.ExecuteAsync("XGROUP", "SETID", world.Key, ReclaimingWorld.Group.Value, EntryId.FromInt64(new EntryId(1_009, 0).Value - 1).ToString());
        Assert.Equal(5, await LagAsync());

        async Task<long> LagAsync() => (await SampleAsync(reclaimer)).Groups[0].Lag;
    }

    [Fact]
    public async Task Without_an_outbox_lag_is_counted_up_to_a_bound_where_Redis_does_not_know()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        var ids = await world.Bus.PublishAsync(1_500);
        await world.Redis.StreamDeleteAsync(world.Key, [ids[^2]]);

        var group = (await SampleAsync(reclaimer)).Groups[0];
        Assert.Equal((1_000L, true), (group.Lag, group.LagIsLowerBound));

        await world.ReadAsync("lane", 1_000);
        group = (await SampleAsync(reclaimer)).Groups[0];
        Assert.Equal((499L, false), (group.Lag, group.LagIsLowerBound));
    }

    [Fact]
    public async Task A_stream_and_a_group_that_are_missing_are_told_as_such()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Redis.KeyDeleteAsync(world.Key);

        var sample = await SampleAsync(reclaimer);

        Assert.Equal((0L, null, false, 0L), (sample.Length, sample.LastEntry, sample.Groups[0].Exists, sample.Groups[0].Lag));
    }

    [Fact]
    public async Task Gauges_show_the_newest_sample_and_health_names_what_is_wrong()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(7);
        await world.ReadAsync("lane", 2);

        Assert.Equal(HealthStatus.Unhealthy, (await HealthAsync()).Status);
        Assert.Equal(["fanout.reclaimer.healthy"], GaugeReading.Read(world.Stream).Keys);
        await ReclaimingWorld.PassAsync(reclaimer);
        var gauges = GaugeReading.Read(world.Stream);
        Assert.Equal((5d, 2d, 0d, 0d, 7d), (gauges["fanout.group.lag"], gauges["fanout.group.pending"], gauges["fanout.group.parked"], gauges["fanout.dlq.depth"], gauges["fanout.stream.length"]));
        Assert.All(["fanout.group.lag.duration", "fanout.consumer.idle", "fanout.redis.memory.used", "fanout.group.lanes"], name => Assert.True(gauges[name] >= 0));

        var degraded = await HealthAsync();
        Assert.Equal(HealthStatus.Degraded, degraded.Status);
        Assert.Contains("'billing' has work but no live lane", degraded.Description, StringComparison.Ordinal);
        await world.BeatAsync("lane");
        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal(HealthStatus.Healthy, (await HealthAsync()).Status);

        async Task<HealthReportEntry> HealthAsync()
            => (await reclaimer.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == "reclaimer", TestContext.Current.CancellationToken)).Entries["reclaimer"];
    }

    [Fact]
    public async Task Progress_counts_effects_prevented_duplicates_and_open_dead_letters()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        await world.Bus.PublishAsync(6);
        await world.HandleAsync(await world.ReadAsync("lane", 5));
        foreach (var (entry, state) in new[] { (1, "dead"), (2, "discarded"), (3, "redriven") })
        {
            await world.Bus.ExecuteAsync(
                $"insert into bus.dead_letters (stream, \"group\", entry, fields, consumer, deliveries, error, state) values ('{world.Stream}', '{ReclaimingWorld.Group}', {entry}, '[]', 'lane', 3, 'Boom', '{state}')");
        }

        await world.Bus.ExecuteAsync("update bus.consumer_group set duplicates_prevented = 42");

        await using var command = world.Bus.Postgres.CreateCommand("select stream, \"group\", events, duplicates_prevented, dead_letters from bus.group_progress");
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal((world.Stream.Value, "billing", 3L, 42L, 1L), (reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4)));
    }

    private static Task<StreamSample> SampleAsync(IServiceProvider reclaimer)
        => reclaimer.GetRequiredService<StreamSampler>().SampleAsync(TestContext.Current.CancellationToken);
}
