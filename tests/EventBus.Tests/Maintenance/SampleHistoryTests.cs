using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class SampleHistoryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_step_has_its_highest_values_and_the_rate_outlives_a_restart_of_the_reclaimer()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("billing");
        await world.PublishAsync(7);
        await UntilEarlyAsync(world, seconds: 10);
        await KeepAsync(world, published: 7);
        await world.ExecuteAsync("update bus.consumer_group set done_through = 5");
        await KeepAsync(world, published: 10);
        await MoveBackAsync(world, steps: 1);
        await KeepAsync(world, published: 60);
        await MoveBackAsync(world, steps: 20);
        await KeepAsync(world, published: 1_000);
        await MoveBackAsync(world, steps: 2);

        foreach (var range in new[] { HistoryRange.QuarterHour, HistoryRange.Hour, HistoryRange.Day })
        {
            var series = await ReadAsync(world, range);

            var at = series.Stream[0].At;
            Assert.Equal(0, at.Ticks % range.Step.Ticks);
            Assert.Equal([at, at + range.Step, at + (21 * range.Step)], series.Stream.Select(point => point.At));
            Assert.Null(series.Stream[0].Rate);
            Assert.InRange(series.Stream[1].Rate!.Value, 40 / range.Step.TotalSeconds, 50 / range.Step.TotalSeconds);
            Assert.Null(series.Stream[2].Rate);
            Assert.Equal([7, 7, 7], series.Stream.Select(point => point.Length));
            var billing = Assert.Single(series.Groups);
            Assert.Equal([7, 2, 2], billing.Points.Select(point => point.Lag));
            Assert.True(billing.Points[1].LagDuration > TimeSpan.FromDays(1));
            Assert.All(billing.Points, point => Assert.Equal((null, null), (point.Rate, point.P50)));
        }
    }

    [Fact]
    public async Task Workers_count_each_finished_event_once_with_the_time_from_the_event_to_its_effect()
    {
        await using var world = await BusWorld.CreateAsync();
        var script = new HandlerScript
        {
            Before = (number, delivery, _) => number > 110 && delivery == 1 ? throw new InvalidOperationException("Later.") : Task.CompletedTask,
        };
        await UntilEarlyAsync(world, seconds: 600);
        await world.StartWorkerAsync("billing", script, batches: false);
        await world.StartWorkerAsync("billing", script, batches: false);

        await PublishAsync(world, 100, TimeSpan.FromMinutes(1));
        await PublishAsync(world, 10, TimeSpan.FromHours(1));
        await PublishAsync(world, 3, TimeSpan.FromHours(10));
        await world.AppendAsync(await world.AddEventsAsync(5, type: "test.other"));
        await world.AssertEachOnceAsync("billing", 113);

        await BusWorld.UntilAsync(async () => await FinishedAsync("10 seconds") >= 118, () => "118 finished events");
        Assert.Equal((118m, 118m, 118m), (await FinishedAsync("10 seconds"), await FinishedAsync("30 seconds"), await FinishedAsync("10 minutes")));
        Assert.Equal(113m, await world.ScalarAsync("select sum(count) from bus.group_history, unnest(delays) as count where step = '10 minutes'"));
        using var host = Host(world);
        var group = Assert.Single((await host.Services.GetRequiredService<StreamSampler>().SampleAsync(Cancellation)).Groups);
        Assert.InRange(group.Rate!.Value, 118 / 70d, 118 / 60d);
        AssertAbout(TimeSpan.FromMinutes(1), group.P50!.Value);
        AssertAbout(TimeSpan.FromHours(10), group.P99!.Value);
        await KeepAsync(world, published: 0);
        await MoveBackAsync(world, steps: 2);
        var point = (await ReadAsync(world, HistoryRange.Day)).Groups[0].Points[0];
        Assert.Equal((118 / 600d, group.P50, group.P99), (point.Rate!.Value, point.P50, point.P99));

        async Task<decimal> FinishedAsync(string step) =>
            (decimal)(await world.ScalarAsync($"select coalesce(sum(finished), 0) from bus.group_history where step = '{step}'"))!;
    }

    [Theory]
    [InlineData(0.0002)]
    [InlineData(0.0012)]
    [InlineData(0.33)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void A_percentile_is_at_most_ten_percent_off(double seconds)
    {
        var counts = new long[DelayBuckets.Count];
        counts[DelayBuckets.Of(TimeSpan.FromSeconds(seconds))] = 99;
        counts[DelayBuckets.Of(TimeSpan.FromDays(90))]++;

        var median = DelayBuckets.Percentile(counts, 0.99)!.Value;

        Assert.InRange(median.TotalSeconds, Math.Max(seconds, 0.0009) * 0.9, Math.Max(seconds, 0.0009) * 1.1);
        Assert.True(DelayBuckets.Percentile(counts, 0.995) > TimeSpan.FromDays(2.5));
        Assert.Null(DelayBuckets.Percentile(new long[DelayBuckets.Count], 0.5));
        Assert.Equal(0, DelayBuckets.Of(TimeSpan.FromSeconds(-5)));
    }

    [Fact]
    public async Task What_is_older_than_a_day_is_removed()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("billing");
        await KeepAsync(world, published: 0);
        await MoveBackAsync(world, steps: 151);
        await KeepAsync(world, published: 0);
        await world.ExecuteAsync($"""
            insert into bus.worker (group_id, name, started_at, seen_at, lanes, stopped, rate)
            values ({group.Id}, 'old', now(), now() - interval '25 hours', 1, false, 0), ({group.Id}, 'new', now(), now(), 1, false, 0)
            """);

        using var host = Host(world);
        await host.Services.GetRequiredService<SampleHistory>().RemoveOldAsync(Cancellation);

        Assert.Equal(
            (3L, 3L, "new"),
            (await world.ScalarAsync("select count(*) from bus.stream_history"), await world.ScalarAsync("select count(*) from bus.group_history"),
                await world.ScalarAsync("select string_agg(name, ' ') from bus.worker")));
    }

    [Fact]
    public async Task The_share_of_a_core_that_Redis_uses_says_how_much_it_can_deliver()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("billing");
        using var host = Host(world);
        var sampler = host.Services.GetRequiredService<StreamSampler>();
        Assert.Null((await sampler.SampleAsync(Cancellation)).RedisBusy);
        await world.Redis.ScriptEvaluateAsync("local n = 0 for i = 1, 30000000 do n = n + i end return n");

        var sample = await sampler.SampleAsync(Cancellation);

        Assert.InRange(sample.RedisBusy!.Value, 0.05, 1);
        Assert.Null(sample.MaxDeliveryRate);
        sample = sample with { Groups = [sample.Groups[0] with { Rate = 300 }, sample.Groups[0] with { Rate = 100 }], RedisBusy = 0.2 };
        Assert.Equal((400d, 2_000d), (sample.DeliveryRate, sample.MaxDeliveryRate));
        Assert.Null((sample with { RedisBusy = 0.04 }).MaxDeliveryRate);
    }

    private static void AssertAbout(TimeSpan expected, TimeSpan actual) =>
        Assert.InRange(actual, expected * 0.9, (expected + TimeSpan.FromSeconds(20)) * 1.1);

    private static IHost Host(BusWorld world)
    {
        var builder = world.CreateHost();
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddReclaimer());
        return builder.Build();
    }

    /// <summary>Takes a sample and keeps it, by a reclaimer that has just started.</summary>
    private static async Task KeepAsync(BusWorld world, long published)
    {
        await world.ExecuteAsync($"update bus.stream set published = {published}");
        using var host = Host(world);
        var sample = await host.Services.GetRequiredService<StreamSampler>().SampleAsync(Cancellation);
        await host.Services.GetRequiredService<SampleHistory>().KeepAsync(sample, Cancellation);
    }

    private static async Task<SampleSeries> ReadAsync(BusWorld world, HistoryRange range)
    {
        using var host = Host(world);
        return await host.Services.GetRequiredService<SampleHistory>().ReadAsync(range, Cancellation);
    }

    /// <summary>Waits until most of a step is still to come, so that what the test does is in one.</summary>
    private static Task UntilEarlyAsync(BusWorld world, int seconds) => BusWorld.UntilAsync(
        async () => (bool)(await world.ScalarAsync($"select extract(epoch from now()) % {seconds} < {seconds} - least({seconds} / 2, 25)"))!,
        () => "the beginning of a step");

    private static Task MoveBackAsync(BusWorld world, int steps) => world.ExecuteAsync($"""
        update bus.stream_history set slot = slot - {steps} * step, sampled_at = sampled_at - {steps} * step;
        update bus.group_history set slot = slot - {steps} * step
        """);

    private static async Task PublishAsync(BusWorld world, int count, TimeSpan age)
    {
        foreach (var item in await world.AddEventsAsync(count))
        {
            var fields = BusWorld.Fields(item);
            fields[5] = new(fields[5].Name, (TimeProvider.System.GetUtcNow() - age).ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", null));
            await world.Redis.StreamAddAsync(world.Key, fields);
        }
    }
}
