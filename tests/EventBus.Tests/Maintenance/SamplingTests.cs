using FanOut.EventBus.Tests.Retrying;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class SamplingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lag_counts_what_is_not_taken_and_what_waits()
    {
        await using var world = await RetryWorld.CreateAsync();
        using var host = Host(world.Bus);
        Assert.Equal((0L, TimeSpan.Zero), await LagAsync());
        var events = await world.Bus.AddEventsAsync(10);
        Assert.Equal(10, (await LagAsync()).Lag);

        // Of these 3 wait and 2 are dead; the positions of all are taken.
        await world.AddAsync(events[2..5]);
        await world.AddAsync(events[5..7], deadOf: "Boom");
        Assert.Equal(8, (await LagAsync()).Lag);
        await world.ClaimAsync(Guid.NewGuid(), 1);
        Assert.Equal(8, (await LagAsync()).Lag);

        await world.Bus.ExecuteAsync($"update bus.consumer_group set done_through = {events[5].Position}");
        var group = (await SampleAsync(host)).Groups[0];
        Assert.Equal((6L, 3L, 2L, events[5].Position), (group.Lag, group.Waiting, group.DeadLetters, group.DoneThrough));

        async Task<(long Lag, TimeSpan Age)> LagAsync()
        {
            var sample = (await SampleAsync(host)).Groups[0];
            return (sample.Lag, sample.LagDuration);
        }
    }

    [Fact]
    public async Task The_age_is_that_of_the_oldest_event_that_is_not_taken_whatever_was_rolled_back_below()
    {
        await using var world = await RetryWorld.CreateAsync();
        using var host = Host(world.Bus);
        var taken = await world.Bus.AddEventsAsync(3);
        await world.Bus.ExecuteAsync($"do $$ begin for i in 1..50 loop perform bus.next_position({world.Bus.Identity.Id}); end loop; end $$");
        await AddAtAsync("3 hours");
        await AddAtAsync("2 hours");
        Assert.InRange(await AgeAsync(), TimeSpan.FromDays(1), TimeSpan.FromDays(36_500));

        await world.AddAsync(taken, deadOf: "Boom");
        Assert.InRange(await AgeAsync(), TimeSpan.FromHours(3), TimeSpan.FromHours(3.1));
        await world.Bus.ExecuteAsync($"insert into bus.inbox select {world.Group.Id}, int8range(54, 55)");
        Assert.InRange(await AgeAsync(), TimeSpan.FromHours(2), TimeSpan.FromHours(2.1));
        await world.Bus.ExecuteAsync("update bus.consumer_group set done_through = 55; delete from bus.inbox");
        Assert.Equal(TimeSpan.Zero, await AgeAsync());

        // The outbox may be pruned below done_through.
        await world.Bus.ExecuteAsync($"delete from bus.outbox_{world.Bus.Identity.Id}");
        Assert.Equal(TimeSpan.Zero, await AgeAsync());

        async Task<TimeSpan> AgeAsync() => (await SampleAsync(host)).Groups[0].LagDuration;

        Task AddAtAsync(string ago) => world.Bus.ExecuteAsync($$"""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data, created_at)
            select id, bus.next_position(id), gen_random_uuid(), 'test.ping', '', '', now(), '{}', now() - interval '{{ago}}' from bus.stream
            """);
    }

    [Fact]
    public async Task A_sample_tells_what_Redis_has_pending_and_which_lanes_live()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("billing", reclaimAfter: TimeSpan.FromSeconds(60));
        using var host = Host(world);
        await world.PublishAsync(10);
        await ReadAsync("lane", 2);
        await ReadAsync("reclaimer-x", 1);
        await ReadAsync("quiet", 4);
        await world.Redis.StreamAcknowledgeAsync(world.Key, "billing", (await world.Redis.StreamRangeAsync(world.Key, count: 1))[0].Id);
        await world.Redis.ExecuteAsync("XGROUP", "CREATECONSUMER", world.Key, "billing", "new");

        var sample = await SampleAsync(host);

        var group = Assert.Single(sample.Groups);
        Assert.Equal((true, 6L, 3), (group.Exists, group.Pending, group.LiveLanes));
        Assert.Equal(
            [("lane", 1L, true), ("new", 0L, true), ("quiet", 4L, true), ("reclaimer-x", 1L, false)],
            group.Consumers.Select(consumer => (consumer.Name, consumer.Pending, consumer.IsLive)).Order());
        Assert.Equal(10, sample.Length);
        Assert.InRange(sample.Memory!.Value, 100, sample.MemoryUsed);
        Assert.Null(sample.MemoryLimit);

        Task ReadAsync(string consumer, int count) => world.Redis.StreamReadGroupAsync(world.Key, "billing", consumer, ">", count);
    }

    [Fact]
    public async Task A_stream_and_a_group_that_are_missing_in_Redis_are_told_as_such()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("billing");
        using var host = Host(world);
        await world.AddEventsAsync(2);
        await world.Redis.KeyDeleteAsync(world.Key);

        var sample = await SampleAsync(host);

        Assert.Equal((0L, null, false, 2L), (sample.Length, sample.Memory, sample.Groups[0].Exists, sample.Groups[0].Lag));
        await world.AppendAsync(await world.AddEventsAsync(1));
        Assert.False((await SampleAsync(host)).Groups[0].Exists);
    }

    [Fact]
    public async Task The_rate_is_what_was_published_since_the_sample_before()
    {
        await using var world = await BusWorld.CreateAsync();
        var time = new FakeTimeProvider();
        using var host = Host(world, time);
        Assert.Null((await SampleAsync(host)).PublishedRate);
        await world.AddEventsAsync(60);
        await world.ExecuteAsync("update bus.stream set published = 50");
        time.Advance(TimeSpan.FromSeconds(10));

        var sample = await SampleAsync(host);

        Assert.Equal((5d, 50L, 60L), (sample.PublishedRate, sample.Published, sample.HighestPosition));
    }

    [Fact]
    public async Task Gauges_show_the_newest_sample_and_health_names_what_is_wrong()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("billing");
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        using var host = Host(world, time);
        await world.PublishAsync(7);
        await world.ExecuteAsync("update bus.consumer_group set done_through = 3");

        Assert.Equal(HealthStatus.Unhealthy, (await HealthAsync()).Status);
        Assert.Equal(0d, Assert.Single(GaugeReading.Read(world.Stream), gauge => gauge.Key != "fanout.kafka.trigger.due").Value);
        await SampleAsync(host);
        Assert.Contains("'billing' has work but no live lane", (await HealthAsync()).Description, StringComparison.Ordinal);
        await world.Redis.StreamReadGroupAsync(world.Key, "billing", "lane", ">", 2);
        await SampleAsync(host);
        var gauges = GaugeReading.Read(world.Stream);
        Assert.Equal(
            (1d, 4d, 2d, 0d, 0d, 7d, 1d),
            (gauges["fanout.reclaimer.healthy"], gauges["fanout.group.lag"], gauges["fanout.group.pending"], gauges["fanout.group.waiting"],
                gauges["fanout.dlq.depth"], gauges["fanout.stream.length"], gauges["fanout.group.lanes"]));
        Assert.All(
            ["fanout.group.lag.duration", "fanout.consumer.idle", "fanout.redis.memory.used", "fanout.stream.memory"],
            name => Assert.True(gauges.ContainsKey(name)));

        // The events are of January.
        var degraded = await HealthAsync();
        Assert.Equal(HealthStatus.Degraded, degraded.Status);
        Assert.Contains("s behind (EventBus:Reclaimer:LagWarning is 00:01:00)", degraded.Description, StringComparison.Ordinal);
        await world.ExecuteAsync("update bus.consumer_group set done_through = 7");
        await SampleAsync(host);
        Assert.Equal(HealthStatus.Healthy, (await HealthAsync()).Status);

        time.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal(HealthStatus.Unhealthy, (await HealthAsync()).Status);
        Assert.Equal(["fanout.reclaimer.healthy"], GaugeReading.Read(world.Stream).Keys);

        async Task<HealthReportEntry> HealthAsync() => (await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(
            check => check.Name == $"reclaimer-{world.Stream}", Cancellation)).Entries.Values.Single();
    }

    [Fact]
    public async Task A_failed_sample_is_told_by_health_and_metrics()
    {
        await using var world = await BusWorld.CreateAsync();
        using var host = Host(world);
        await SampleAsync(host);
        await world.Redis.StringSetAsync(world.Key, "in the way");

        await Assert.ThrowsAnyAsync<RedisException>(() => SampleAsync(host));

        Assert.Equal(0d, GaugeReading.Read(world.Stream)["fanout.reclaimer.healthy"]);
    }

    private static IHost Host(BusWorld world, TimeProvider? time = null)
    {
        var builder = world.CreateHost();
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddReclaimer());
        var host = builder.Build();
        host.Services.GetRequiredKeyedService<FanOut.EventBus.Maintenance.ReclaimerMetrics>(world.Stream.Value);
        return host;
    }

    private static Task<StreamSample> SampleAsync(IHost host) => host.Services.GetRequiredService<StreamSampler>().SampleAsync(Cancellation);
}
