using FanOut.EventBus.Consuming;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Ledger;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Retention;
using FanOut.EventBus.Tests.Publishing;
using FanOut.EventBus.Tests.Reclaiming;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FanOut.EventBus.Tests.Ledger;

/// <summary>Whatever somebody does to the stream or to a group's consumers, each event has its effect once in each group.</summary>
public sealed class InboxLedgerTests
{
    private const string Group = "billing";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("deleted from outside")]
    [InlineData("pending with a consumer that was deleted by hand")]
    public async Task What_was_lost_on_the_way_is_delivered_again_once_and_said(string loss)
    {
        await using var world = await OutboxWorld.CreateAsync();
        var log = new LogRecorder();
        using var host = Reclaimer(world, log);
        using var missing = new CounterReading("fanout.ledger.missing", world.Stream);
        var relay = await world.StartRelayAsync(options => options.BatchSize = 100);
        await RegisterAsync(world, host, GroupStart.Earliest);
        await world.AddAsync(500);
        await world.UntilLengthAsync(500);
        var lost = (await world.EntriesAsync())[(loss.StartsWith("deleted", StringComparison.Ordinal) ? 200 : 0)..230].Select(entry => entry.Id).ToArray();
        if (loss.StartsWith("deleted", StringComparison.Ordinal))
        {
            await world.Redis.StreamDeleteAsync(world.Key, lost);
        }
        else
        {
            await world.Redis.StreamReadGroupAsync(world.Key, Group, "lost", ">", 230);
            await world.Redis.ExecuteAsync("XGROUP", "DELCONSUMER", world.Key, Group, "lost");
        }

        var expected = loss.StartsWith("deleted", StringComparison.Ordinal) ? 30 : 230;
        await world.Bus.StartWorkerAsync(Group);
        await BusWorld.UntilAsync(async () => await world.Bus.EffectsAsync(Group) >= 500 - expected, () => "the other effects");
        await world.Bus.UntilPendingAsync(Group, 0);
        await TakeCheckpointsAsync(world, host);
        await CheckAsync(world, host);
        await CheckAsync(world, host);

        await world.Bus.AssertEachOnceAsync(Group, 500);
        Assert.Equal(expected, missing.Sum);
        Assert.Equal(expected, await world.Redis.StreamLengthAsync(StreamKeys.Redrive(world.Stream, new GroupName(Group))));
        Assert.Contains(log.Entries, entry => entry.Level == LogLevel.Error && entry.Text.Contains($"missed {expected} event(s)", StringComparison.Ordinal) && entry.Text.Contains(lost[0].ToString(), StringComparison.Ordinal));
        await OutboxWorld.StopAsync(relay);
    }

    [Fact]
    public async Task What_is_on_its_way_already_is_not_added_to_the_redrive_stream_twice()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var host = Reclaimer(world);
        await PublishAndLoseAsync(world, host);
        var redrive = StreamKeys.Redrive(world.Stream, new GroupName(Group));

        Assert.Equal(40, await CheckAsync(world, host));
        Assert.Equal(0, await CheckAsync(world, host));
        await world.Redis.StreamReadGroupAsync(redrive, Group, "lane", ">", 15);
        Assert.Equal(0, await CheckAsync(world, host));
        using var second = Reclaimer(world);
        Assert.All(await Task.WhenAll(CheckAsync(world, host), CheckAsync(world, second)), redelivered => Assert.Equal(0, redelivered));

        Assert.Equal(40, await world.Redis.StreamLengthAsync(redrive));
        await world.Redis.KeyDeleteAsync(redrive);
        Assert.Equal(40, await CheckAsync(world, host));
    }

    [Fact]
    public async Task A_group_that_begins_with_the_history_is_given_what_was_trimmed()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var relay = await world.StartRelayAsync(options => options.BatchSize = 100);
        using var host = Reclaimer(world);
        using var missing = new CounterReading("fanout.ledger.missing", world.Stream);
        await world.AddAsync(600);
        await world.UntilLengthAsync(600);
        var first = EntryId.Parse((await world.EntriesAsync())[400].Id!);
        await world.ExecuteAsync($"update bus.outbox_stream set trim_floor = {first.Value - 1}");
        await world.Redis.StreamTrimByMinIdAsync(world.Key, first.ToString(), useApproximateMaxLength: false);

        await world.Bus.StartWorkerAsync(Group, configure: options => options.Start = GroupStart.History);
        await world.Bus.StartWorkerAsync("from-here", configure: options => options.Start = GroupStart.Earliest);
        await BusWorld.UntilAsync(async () => await world.Bus.EffectsAsync(Group) >= 200, () => "what is on the stream");
        await BusWorld.UntilAsync(
            async () =>
            {
                await TakeCheckpointsAsync(world, host);
                await CheckAsync(world, host);
                return await world.Bus.EffectsAsync(Group) >= 600;
            },
            () => "the history");

        await world.Bus.AssertEachOnceAsync(Group, 600);
        await world.Bus.AssertEachOnceAsync("from-here", 600, [.. Enumerable.Range(1, 400)]);
        Assert.Equal(0, missing.Sum);
        await OutboxWorld.StopAsync(relay);
    }

    [Fact]
    public async Task Where_nothing_is_missing_ranges_become_one_and_progress_stays_exact()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var host = Reclaimer(world);
        var relay = await world.StartRelayAsync(options => options.BatchSize = 7);
        await world.Bus.StartWorkerAsync(Group);
        for (var round = 0; round < 3; round++)
        {
            await world.AddAsync(300, (round * 300) + 1);
            await world.Bus.AssertEachOnceAsync(Group, (round + 1) * 300);
            await TakeCheckpointsAsync(world, host);
            await CheckAsync(world, host);
            Assert.Equal((round + 1) * 300L, await world.ScalarAsync("select events from bus.group_progress"));
        }

        Assert.Equal(1L, await world.ScalarAsync("select count(*) from bus.inbox"));

        // What a redrive does: frees one id, which is then handled once more.
        await world.ExecuteAsync(
            """
            with taken as (delete from bus.inbox returning *), id as (select (ms << 20) + 1 as value from bus.relay_batch where live_count > 2 order by ms offset 2 limit 1)
            insert into bus.inbox select stream, "group", unnest(array[int8range(lower(entries), value), int8range(value + 1, upper(entries))]) from taken, id
            """);
        Assert.Equal(899L, await world.ScalarAsync("select events from bus.group_progress"));
        await OutboxWorld.StopAsync(relay);
    }

    [Fact]
    public async Task What_the_relay_may_still_append_is_not_missing()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var host = Reclaimer(world);
        await RegisterAsync(world, host, GroupStart.Earliest);
        await using var leader = await world.LeadByHandAsync();
        await world.AddAsync(20);
        await leader.FixAsync(most: 10);
        await leader.FixAsync(most: 10);
        await world.ExecuteAsync($"update bus.consumer_group set checkpoint = {new EntryId(EntryId.MaxMilliseconds, 0).Value}");

        Assert.Equal(0, await CheckAsync(world, host));
        Assert.Equal(0, await world.Redis.StreamLengthAsync(StreamKeys.Redrive(world.Stream, new GroupName(Group))));
    }

    [Fact]
    public async Task Events_that_the_outbox_no_longer_has_are_said_to_be_gone_and_hold_nothing_up()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var log = new LogRecorder();
        using var host = Reclaimer(world, log);
        using var gone = new CounterReading("fanout.ledger.gone", world.Stream);
        await PublishAndLoseAsync(world, host);
        await world.ExecuteAsync("delete from bus.outbox");

        Assert.Equal(0, await CheckAsync(world, host));
        Assert.Equal(0, await CheckAsync(world, host));

        Assert.Equal(40, gone.Sum);
        Assert.Single(log.Entries, entry => entry.Text.Contains("lost 40 event(s) for good", StringComparison.Ordinal));
        Assert.Equal(true, await world.ScalarAsync("select verified = (select (max(ms) << 20) + 39 from bus.relay_batch) from bus.ledger"));
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.inbox"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("discarded")]
    [InlineData("redriven")]
    public async Task An_event_whose_id_a_foreign_entry_had_taken_before_it_was_appended_has_its_effect_once(string? decision)
    {
        await using var world = await OutboxWorld.CreateAsync();
        var log = new LogRecorder();
        using var host = Reclaimer(world, log);
        using var missing = new CounterReading("fanout.ledger.missing", world.Stream);
        await world.Bus.StartWorkerAsync(Group);
        await using (var dying = await world.LeadByHandAsync())
        {
            await world.AddAsync(5);
            var batch = (await dying.FixAsync())!;

            // One that nobody can take for an event, and one that bears no event's id.
            await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", $"{batch.Milliseconds}-0");
            await world.Redis.StreamAddAsync(world.Key, "id", "nonsense", $"{batch.Milliseconds}-2");
        }

        await BusWorld.UntilAsync(async () => await world.ScalarAsync("select count(*) from bus.dead_letters where projected_at is not null") is 2L, () => "the foreign entries' dead letters");
        if (decision is not null)
        {
            await DecideAsync(world, host, decision);
        }

        var relay = await world.StartRelayAsync();
        await BusWorld.UntilAsync(async () => await world.Bus.EffectsAsync(Group) >= 3, () => "the other effects");

        // Before the reclaimer has settled anything: a redrive that is open must not bring back what stood there.
        await BusWorld.UntilAsync(
            async () =>
            {
                await TakeCheckpointsAsync(world, host);
                await CheckAsync(world, host);
                return missing.Sum == 2;
            },
            () => "the ledger to see it");
        await BusWorld.UntilAsync(
            async () =>
            {
                await LookAfterAsync(world, host);
                return await world.Bus.EffectsAsync(Group) >= 5;
            },
            () => "the effects of the events whose ids were taken");

        await LookAfterAsync(world, host);
        await LookAfterAsync(world, host);
        await world.Bus.AssertEachOnceAsync(Group, 5);
        Assert.Equal(2, missing.Sum);
        Assert.Equal(2L, await world.ScalarAsync("select count(*) from bus.dead_letters where state = 'redriven' and state_changed_by = 'ledger' and settled_at is not null and event_id in (select id from bus.outbox)"));
        Assert.Equal(decision == "redriven" ? 6L : 4L, await world.ScalarAsync("select count(*) from bus.dead_letters where state = 'redriven'"));
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.dead_letters where state <> 'redriven'"));
        Assert.Equal(decision == "discarded" ? 2L : 0L, await world.ScalarAsync("select count(*) from bus.dead_letters where error like '%ada had discarded that at 20%'"));
        Assert.Equal(5L, await world.ScalarAsync("select events from bus.group_progress"));
        Assert.Single(log.Entries, entry => entry.Level == LogLevel.Error && entry.Text.Contains("entries that no relay wrote had taken their ids", StringComparison.Ordinal));
        await OutboxWorld.StopAsync(relay);
    }

    [Fact]
    public async Task A_foreign_entry_under_an_id_that_is_no_event_s_any_more_stays_a_dead_letter()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var host = Reclaimer(world);
        await world.Bus.StartWorkerAsync(Group);
        await using (var leader = await world.LeadByHandAsync())
        {
            await world.AddAsync(3);
            var batch = (await leader.FixAsync())!;
            await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", $"{batch.Milliseconds}-1");
            var outcome = await leader.Appender.AppendAsync(batch);
            Assert.Equal(AppendStatus.Ahead, outcome.Status);
            var replacement = await leader.ReplaceAsync([batch], EntryId.Parse(outcome.StreamLast!));
            Assert.Equal(AppendStatus.Appended, (await leader.Appender.AppendAsync(replacement)).Status);
        }

        var relay = await world.StartRelayAsync();
        await world.AddAsync(3, 4);
        await world.Bus.AssertEachOnceAsync(Group, 6);
        await BusWorld.UntilAsync(async () => await world.ScalarAsync("select count(*) from bus.dead_letters where projected_at is not null") is 1L, () => "the foreign entry's dead letter");
        await world.Bus.UntilPendingAsync(Group, 0);
        await TakeCheckpointsAsync(world, host);

        Assert.Equal(0, await CheckAsync(world, host));
        Assert.Equal(true, await world.ScalarAsync("select verified > (select entry from bus.dead_letters where state = 'dead' and event_id is null) from bus.ledger"));
        await world.Bus.AssertEachOnceAsync(Group, 6);
        await OutboxWorld.StopAsync(relay);
    }

    /// <summary>40 events, which the group was delivered and whose consumer is gone.</summary>
    private static async Task PublishAndLoseAsync(OutboxWorld world, IHost host)
    {
        await RegisterAsync(world, host, GroupStart.Earliest);
        await using var leader = await world.LeadByHandAsync();
        await world.AddAsync(40);
        await leader.PublishAsync();
        await world.Redis.StreamReadGroupAsync(world.Key, Group, "lost", ">", 100);
        await world.Redis.ExecuteAsync("XGROUP", "DELCONSUMER", world.Key, Group, "lost");
        await TakeCheckpointsAsync(world, host);
    }

    private static async Task TakeCheckpointsAsync(OutboxWorld world, IHost host)
    {
        var checkpoints = host.Services.GetRequiredService<Checkpoints>();
        foreach (var group in await host.Services.GetRequiredService<RegisteredGroups>().FindAsync(world.Stream, Cancellation))
        {
            if (await checkpoints.SnapshotAsync(group, Cancellation) is { } reached)
            {
                await checkpoints.RaiseAsync(world.Stream, new Dictionary<GroupName, EntryId> { [group.Name] = reached }, Cancellation);
            }
        }
    }

    private static async Task RegisterAsync(OutboxWorld world, IHost host, GroupStart start)
    {
        var groups = host.Services.GetRequiredService<ConsumerGroups>();
        await groups.RegisterAsync(world.Stream, new GroupName(Group), new ConsumerOptions { Start = start }, Cancellation);
        await groups.EnsureAsync(world.Stream, new GroupName(Group), Cancellation);
    }

    private static IHost Reclaimer(OutboxWorld world, LogRecorder? log = null)
    {
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddReclaimer(options => options.LedgerInterval = TimeSpan.FromDays(1));
        builder.Services.Configure<RetentionOptions>(options => options.Interval = TimeSpan.FromHours(1));
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        return builder.Build();
    }

    private static async Task DecideAsync(OutboxWorld world, IHost host, string decision)
    {
        var queue = host.Services.GetRequiredService<DeadLetterQueue>();
        foreach (var number in new[] { 1L, 2L })
        {
            _ = decision == "discarded" ? await queue.DiscardAsync(number, "ada", Cancellation) : await queue.RedriveAsync(number, "ada", Cancellation);
        }

        Assert.Equal(2L, await world.ScalarAsync($"select count(*) from bus.dead_letters where state = '{decision}'"));
        if (decision == "redriven")
        {
            // It is no more of an event the second time.
            await BusWorld.UntilAsync(async () => await world.ScalarAsync("select count(*) from bus.dead_letters where state = 'dead' and projected_at is not null") is 2L, () => "the next dead letters");
        }
    }

    private static async Task LookAfterAsync(OutboxWorld world, IHost host)
    {
        await ReclaimingWorld.PassAsync(host.Services);
        await CheckAsync(world, host);
    }

    private static async Task<int> CheckAsync(OutboxWorld world, IHost host)
    {
        var redelivered = 0;
        foreach (var group in await host.Services.GetRequiredService<RegisteredGroups>().FindAsync(world.Stream, Cancellation))
        {
            redelivered += await host.Services.GetRequiredService<InboxLedger>().CheckAsync(group, Cancellation);
        }

        return redelivered;
    }
}
