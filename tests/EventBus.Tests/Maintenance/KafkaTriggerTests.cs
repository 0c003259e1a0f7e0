using FanOut.EventBus.Maintenance;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class KafkaTriggerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 20, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_burst_is_not_sustained_and_a_rate_over_a_whole_window_is()
    {
        var feed = new Feed();
        Assert.Null(feed.After(TimeSpan.FromMinutes(2), rate: 300_000).Value);
        var criterion = feed.After(TimeSpan.FromMinutes(8), rate: 10_000);
        Assert.Equal((68_000d, false), (criterion.Value!.Value, criterion.IsOver));
    }

    [Theory]
    [InlineData(79_000, false)]
    [InlineData(81_000, true)]
    public void The_mean_of_the_window_decides(int rate, bool isOver)
    {
        var feed = new Feed();
        for (var minute = 0; minute < 9; minute++)
        {
            Assert.Null(feed.After(TimeSpan.FromMinutes(1), rate).Value);
        }

        var criterion = feed.After(TimeSpan.FromMinutes(1), rate);

        Assert.Equal((isOver, (double)rate, 80_000d - rate), (criterion.IsOver, criterion.Value!.Value, criterion.Margin!.Value));
        feed.After(TimeSpan.FromMinutes(5), 0);
        Assert.Equal(0, feed.After(TimeSpan.FromMinutes(10), 0).Value);
    }

    [Fact]
    public void A_counter_that_begins_anew_makes_no_rate()
    {
        var feed = new Feed();
        feed.After(TimeSpan.FromMinutes(10), 50_000);
        feed.Reset();
        Assert.Null(feed.After(TimeSpan.FromMinutes(1), 10).Value);
    }

    [Fact]
    public void The_trend_says_in_how_many_days_a_limit_is_reached()
    {
        var trigger = Create();
        var days = Enumerable.Range(1, 10).Select(i => Day(10 - i, 40_000 + (2_000 * i), TimeSpan.FromHours(10), 3)).ToArray();

        var criteria = trigger.Observe(new(Noon, 0, TimeSpan.FromHours(10), 3), days).Evaluation.Criteria;

        // 60,000 at the beginning of the day before and 2,000 more each day: 63,000 by now.
        Assert.Equal((2_000d, 8.5), (Math.Round(criteria[0].TrendPerDay!.Value, 3), Math.Round(criteria[0].DaysLeft!.Value, 2)));
        Assert.Equal((0d, null), (criteria[1].TrendPerDay, criteria[1].DaysLeft));
        Assert.Equal(days.Select(day => new KafkaTriggerHighest(day.Day, day.Rate)), criteria[0].Days);
        Assert.Equal(
            ["Prepare the move to Kafka as docs/kafka.md says: by the trend the limit is reached in about 9 days.", "Nothing to do."],
            criteria.Take(2).Select(criterion => criterion.Advice));
        Assert.Null(criteria[2].DaysLeft);
    }

    [Fact]
    public void Two_days_make_no_trend_and_what_is_over_its_limit_has_no_days_left()
    {
        var trigger = Create(options => options.RetentionNeed = TimeSpan.FromHours(72));
        var evaluation = trigger.Observe(new(Noon, 0, TimeSpan.FromHours(72), 21), [Day(1, 10, default, 20), Day(0, 20, default, 21)]).Evaluation;

        Assert.True(evaluation.IsDue);
        Assert.Equal([null, 0d, 0d], evaluation.Criteria.Select(criterion => criterion.DaysLeft));
        Assert.StartsWith("Wait: ", evaluation.Criteria[0].Advice, StringComparison.Ordinal);
        Assert.StartsWith("Add workers to the group that is furthest behind", evaluation.Criteria[1].Advice, StringComparison.Ordinal);
        Assert.StartsWith("Unregister the groups", evaluation.Criteria[2].Advice, StringComparison.Ordinal);
        Assert.Equal("It is time to move to Kafka: retention 72 of 48 hours, groups 21 of 20 groups.", evaluation.Note);
    }

    [Fact]
    public async Task Rate_retention_and_groups_are_measured_on_the_real_servers_and_health_stays_healthy()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("billing");
        await world.RegisterGroupAsync("another");
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        using var host = Host(world, time, new()
        {
            ["EventBus:KafkaTrigger:MaxRate"] = "1",
            ["EventBus:KafkaTrigger:MaxGroups"] = "1",
            [$"EventBus:Streams:{world.Stream}:KafkaTrigger:Window"] = "00:00:10",
        });
        Assert.Null((await EvaluateAsync()).Criteria[0].Value);
        await world.PublishAsync(30);
        await world.ExecuteAsync("update bus.stream set published = 30");
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(3, (await EvaluateAsync()).Criteria[0].Value);

        // The events are of January.
        time.Advance(TimeSpan.FromSeconds(1));
        var evaluation = await EvaluateAsync();

        Assert.InRange(evaluation.Criteria[1].Value!.Value, 49, 24 * 365 * 100);
        Assert.Equal([true, true, true], evaluation.Criteria.Select(criterion => criterion.IsOver));
        var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(
            check => check.Name == $"kafka-trigger-{world.Stream}", Cancellation);
        Assert.Equal((HealthStatus.Healthy, evaluation.Note), (health.Status, health.Entries.Values.Single().Description));
        Assert.True(GaugeReading.Read(world.Stream)["fanout.kafka.trigger.used"] >= 2);
        Assert.Equal(3d, await world.ScalarAsync("select max(rate) from bus.kafka_trigger_hour"));

        async Task<KafkaTriggerEvaluation> EvaluateAsync() => await Watch(host, world).RunOnceAsync(
            world.Identity, await host.Services.GetRequiredService<StreamSampler>().SampleAsync(Cancellation), Cancellation);
    }

    [Fact]
    public async Task Whole_days_of_earlier_runs_make_the_trend_and_older_ones_are_forgotten()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.ExecuteAsync($"""
            insert into bus.kafka_trigger_hour
            select {world.Identity.Id}, date_trunc('day', now(), 'UTC') - day * interval '1 day' + hour * interval '1 hour', 100 * (10 - day) + hour,
                interval '1 hour', 11 - day
            from generate_series(0, 5) as day, generate_series(0, 5) as hour
            union all
            select {world.Identity.Id}, date_trunc('hour', now()) - interval '16 days', 1, interval '1 hour', 1
            """);
        using var host = Host(world, TimeProvider.System, []);
        var sample = await host.Services.GetRequiredService<StreamSampler>().SampleAsync(Cancellation);

        var criteria = (await Watch(host, world).RunOnceAsync(world.Identity, sample, Cancellation)).Criteria;

        Assert.Equal((100d, 1d), (Math.Round(criteria[0].TrendPerDay!.Value, 6), Math.Round(criteria[2].TrendPerDay!.Value, 6)));
        Assert.InRange(criteria[2].DaysLeft!.Value, 8, 10);
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.kafka_trigger_hour where hour < now() - interval '15 days'"));
    }

    private static IHost Host(BusWorld world, TimeProvider time, Dictionary<string, string?> settings)
    {
        var builder = world.CreateHost();
        builder.Services.AddSingleton(time);
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddReclaimer());
        return builder.Build();
    }

    private static KafkaTriggerWatch Watch(IHost host, BusWorld world) =>
        host.Services.GetRequiredKeyedService<KafkaTriggerWatch>(world.Stream.Value);

    private static KafkaTrigger Create(Action<KafkaTriggerOptions>? configure = null)
    {
        var options = new KafkaTriggerOptions();
        configure?.Invoke(options);
        return new KafkaTrigger(options);
    }

    private static KafkaTriggerDay Day(int before, double rate, TimeSpan retention, int groups) =>
        new(new DateTimeOffset(Noon.Date, TimeSpan.Zero).AddDays(-1 - before), rate, retention, groups);

    private sealed class Feed
    {
        private readonly FakeTimeProvider _time = new(Noon);
        private readonly KafkaTrigger _trigger = Create();
        private long _published;

        public Feed() => Read();

        public KafkaTriggerCriterion After(TimeSpan elapsed, int rate)
        {
            _time.Advance(elapsed);
            _published += (long)(rate * elapsed.TotalSeconds);
            return Read();
        }

        public void Reset()
        {
            _published = -1_000_000_000;
            _time.Advance(TimeSpan.FromSeconds(1));
            Read();
        }

        private KafkaTriggerCriterion Read() => _trigger.Observe(new(_time.GetUtcNow(), _published, default, 3), []).Evaluation.Criteria[0];
    }
}
