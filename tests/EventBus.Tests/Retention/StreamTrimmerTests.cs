using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Retention;
using FanOut.EventBus.Tests.Publishing;
using FanOut.EventBus.Tests.Reclaiming;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Retention;

public sealed class StreamTrimmerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_what_every_group_has_finished_is_trimmed()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await TrimmingAsync(world);
        var ids = await world.Bus.PublishAsync(1_000);
        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, (await world.ReadAsync("lane", 900))[..700]);

        await TrimAsync(world, reclaimer);

        var left = await world.Redis.StreamRangeAsync(world.Key);
        Assert.Equal(ids[^left.Length..], left.Select(entry => entry.Id));

        // Whole nodes go, of 100 entries each.
        Assert.InRange(left.Length, 300, 400);
        Assert.Equal(200, (await world.PendingAsync()).Count);
    }

    [Fact]
    public async Task Entries_are_kept_for_as_long_as_the_options_say()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await TrimmingAsync(world, options => options.KeepFor = TimeSpan.FromHours(1));
        await world.Redis.StreamAddAsync(world.Key, BusWorld.Event(0), "1-1");
        await world.Bus.PublishAsync(1_000);
        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, await world.ReadAsync("lane", 2_000));

        await TrimAsync(world, reclaimer);

        Assert.InRange(await world.Redis.StreamLengthAsync(world.Key), 1_000, 1_001);
    }

    [Fact]
    public async Task While_a_registered_group_is_missing_nothing_is_trimmed()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await TrimmingAsync(world);
        await world.Bus.PublishAsync(1_000);
        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, await world.ReadAsync("lane", 1_000));
        await ReclaimingWorld.PassAsync(reclaimer);
        var groups = await reclaimer.GetRequiredService<RegisteredGroups>().FindAsync(world.Stream, Cancellation);
        await world.Redis.StreamDeleteConsumerGroupAsync(world.Key, ReclaimingWorld.Group.Value);

        Assert.Equal(0, await reclaimer.GetRequiredService<StreamTrimmer>().TrimAsync(world.Stream, groups, Cancellation));

        await world.Redis.StreamCreateConsumerGroupAsync(world.Key, ReclaimingWorld.Group.Value, groups[0].Checkpoint.ToString());
        Assert.True(await reclaimer.GetRequiredService<StreamTrimmer>().TrimAsync(world.Stream, groups, Cancellation) > 0);
    }

    [Fact]
    public async Task A_stream_that_goes_on_below_an_old_checkpoint_keeps_what_was_not_delivered()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await TrimmingAsync(world);
        await world.Bus.PublishAsync(1_000);
        await world.Bus.ExecuteAsync($"update bus.consumer_group set checkpoint = {new EntryId(EntryId.MaxMilliseconds, 0).Value}");

        await TrimAsync(world, reclaimer);

        Assert.Equal(1_000, (await world.ReadAsync("lane", 2_000)).Length);
    }

    [Fact]
    public async Task The_hard_cap_removes_what_is_above_it_and_says_what_a_group_lost()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var log = new LogRecorder();
        var reclaimer = await TrimmingAsync(world, options => options.MaxEntries = 100, log);
        using var cut = new CounterReading("fanout.stream.cut", world.Stream);
        await world.Bus.PublishAsync(2_500);
        await world.ReadAsync("lane", 700);

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Equal(100, await world.Redis.StreamLengthAsync(world.Key));
        Assert.Equal(2_400, cut.Sum);
        Assert.Contains(log.Entries, entry => entry.Level == LogLevel.Error && entry.Text.Contains("lost 1700 events it had not been delivered and 700 that were pending", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cap_on_memory_holds()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await TrimmingAsync(world, options => options.MaxBytes = 40_000);
        await world.Bus.PublishAsync(3_000);

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.InRange((long)await world.Redis.ExecuteAsync("MEMORY", "USAGE", world.Key), 1, 80_000);
    }

    [Fact]
    public async Task What_was_redriven_and_finished_leaves_the_redrive_stream()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await TrimmingAsync(world);
        var ids = await world.Bus.PublishAsync(1);
        for (var i = 0; i < 500; i++)
        {
            await world.RedriveAsync(ids[0], 1);
        }

        var read = await world.Redis.StreamReadGroupAsync(world.Redrive, ReclaimingWorld.Group.Value, "lane", ">", 400);
        await world.Redis.StreamAcknowledgeAsync(world.Redrive, ReclaimingWorld.Group.Value, [.. read[..300].Select(entry => entry.Id)]);

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.InRange(await world.Redis.StreamLengthAsync(world.Redrive), 200, 300);
        Assert.Equal(100, (await world.PendingAsync(world.Redrive)).Count);
    }

    [Fact]
    public async Task Trimming_under_a_running_relay_and_lanes_republishes_nothing_and_loses_nothing()
    {
        const int Rounds = 20;
        const int Each = 400;
        await using var world = await OutboxWorld.CreateAsync();
        using var republished = new CounterReading("fanout.relay.republished", world.Stream);
        var relay = await world.StartRelayAsync(options => (options.BatchSize, options.CheckInterval) = (100, TimeSpan.FromMilliseconds(10)));
        foreach (var group in new[] { "one", "two" })
        {
            await world.Bus.StartWorkerAsync(group);
        }

        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddReclaimer(options => options.Interval = TimeSpan.FromMilliseconds(50));
        builder.Services.Configure<RetentionOptions>(options => (options.Interval, options.KeepFor) = (TimeSpan.FromMilliseconds(100), TimeSpan.Zero));
        await world.Bus.StartAsync(builder);
        var foreign = 0;
        for (var round = 0; round < Rounds; round++)
        {
            await world.AddAsync(Each, (round * Each) + 1);
            await BusWorld.UntilAsync(async () => await world.Bus.EffectsAsync("one") >= round * Each, () => "effects");

            // Above what the relay wrote last, so that it must look for its entries where they may have been trimmed; where it has written more meanwhile, the next round has another try.
            var last = EntryId.Parse((await world.Redis.StreamInfoAsync(world.Key)).LastGeneratedId!);
            try
            {
                await world.Redis.StreamAddAsync(world.Key, BusWorld.Event(1_000_000 + round), new EntryId(last.Milliseconds, 900_000 + round).ToString());
                foreign++;
            }
            catch (RedisServerException e) when (e.Message.Contains("equal or smaller", StringComparison.Ordinal))
            {
            }
        }

        Assert.True(foreign > 0);
        var expected = (Rounds * Each) + foreign;

        await BusWorld.UntilAsync(async () => await world.Bus.EffectsAsync("one") >= expected && await world.Bus.EffectsAsync("two") >= expected, () => "all effects");
        await BusWorld.UntilAsync(async () => await world.Redis.StreamLengthAsync(world.Key) < 2_000, () => "the stream to be trimmed");
        Assert.Equal(0, republished.Sum);
        Assert.Equal(2L * expected, await world.ScalarAsync("select count(*) from (select distinct group_name, number from effects) as once"));
        Assert.Equal(2L * expected, await world.ScalarAsync("select count(*) from effects"));
        await OutboxWorld.StopAsync(relay);
    }

    [Fact]
    public async Task The_trim_floor_never_reaches_what_the_relay_may_still_append()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var leader = await world.LeadByHandAsync();
        for (var i = 0; i < 3; i++)
        {
            await world.AddAsync(10, (i * 10) + 1);
            await leader.PublishAsync();
        }

        // Two batches are fixed and not appended when a foreign entry, which the group reads, gets above them.
        await world.AddAsync(20, 31);
        var next = await leader.FixAsync(most: 10);
        await leader.FixAsync(most: 10);
        var foreign = await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", $"{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() + 60_000}-0");
        await world.ExecuteAsync($"insert into bus.consumer_group (stream, name, start, checkpoint, max_deliveries, reclaim_after, lane_timeout) values ('{world.Stream}', 'g', 'history', {EntryId.Parse(foreign!).Value}, 3, '60 s', '15 s')");
        await world.Redis.StreamCreateConsumerGroupAsync(world.Key, "g", foreign);
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddReclaimer();
        builder.Services.Configure<RetentionOptions>(options => options.KeepFor = TimeSpan.Zero);
        using var host = builder.Build();
        var groups = await host.Services.GetRequiredService<RegisteredGroups>().FindAsync(world.Stream, Cancellation);

        await host.Services.GetRequiredService<StreamTrimmer>().TrimAsync(world.Stream, groups, Cancellation);

        var floor = (long)(await world.ScalarAsync("select trim_floor from bus.outbox_stream"))!;
        Assert.InRange(floor, 1, new EntryId(next!.Milliseconds, 0).Value - 1);
        leader.Appender.Floor = EntryId.FromInt64(floor);
        Assert.Equal(EventBus.Publishing.AppendStatus.Ahead, (await leader.Appender.AppendAsync(next)).Status);
    }

    [Fact]
    public async Task Options_that_make_no_sense_stop_the_start_and_are_named()
    {
        await using var world = await BusWorld.CreateAsync();
        var builder = world.CreateHost();
        builder.AddEventBus().AddReclaimer();
        builder.Services.Configure<RetentionOptions>(options => (options.MaxEntries, options.Interval) = (-1, TimeSpan.Zero));

        using var host = builder.Build();
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Cancellation));

        Assert.Contains("EventBus:Retention:MaxEntries", failure.Message, StringComparison.Ordinal);
    }

    private static async Task TrimAsync(ReclaimingWorld world, IServiceProvider reclaimer)
    {
        // The pass learns the checkpoint; what is known before it is what its own trim goes by.
        await ReclaimingWorld.PassAsync(reclaimer);
        var groups = await reclaimer.GetRequiredService<RegisteredGroups>().FindAsync(world.Stream, Cancellation);
        await reclaimer.GetRequiredService<StreamTrimmer>().TrimAsync(world.Stream, groups, Cancellation);
    }

    private static Task<IServiceProvider> TrimmingAsync(ReclaimingWorld world, Action<RetentionOptions>? configure = null, LogRecorder? log = null)
        => world.CreateReclaimerAsync(services: services =>
        {
            services.Configure<RetentionOptions>(options => options.KeepFor = TimeSpan.Zero);
            services.Configure(configure ?? (_ => { }));
            if (log is not null)
            {
                services.AddLogging(logging => logging.AddProvider(log));
            }
        });
}
