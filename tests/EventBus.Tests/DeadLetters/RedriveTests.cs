using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Retention;
using FanOut.EventBus.Tests.Reclaiming;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.DeadLetters;

public sealed class RedriveTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_redriven_event_has_its_effect_once_in_the_group_that_failed_and_nothing_happens_in_another()
    {
        await using var bus = await BusWorld.CreateAsync();
        var isRepaired = false;
        await bus.StartWorkerAsync("audit");
        await bus.StartWorkerAsync("billing", HandlerScript.Throwing(number => number == 3 && !isRepaired, () => new RejectEventException("No such customer.")));
        var queue = (await StartReclaimerAsync(bus)).GetRequiredService<DeadLetterQueue>();
        await bus.PublishAsync(5);
        await bus.AssertEachOnceAsync("audit", 5);
        await bus.AssertEachOnceAsync("billing", 5, except: 3);
        var letter = Assert.Single((await queue.ListAsync(new(), 10, null, Cancellation)).Letters);
        Assert.Equal(("billing", "3", "No such customer."), (letter.Group.Value, letter.Subject, letter.Error));

        isRepaired = true;
        var decision = await queue.RedriveAsync(letter.Number, " ada ", Cancellation);

        Assert.Equal((true, DeadLetterState.Redriven, "ada"), (decision!.IsChanged, decision.State, decision.DecidedBy));
        await bus.AssertEachOnceAsync("billing", 5);
        await BusWorld.UntilAsync(async () => (await queue.FindAsync(letter.Number, Cancellation))!.SettledAt is not null, () => "the letter to settle");
        Assert.Equal(5, await bus.EffectsAsync("audit"));
        Assert.False(await bus.Redis.KeyExistsAsync(StreamKeys.Redrive(bus.Stream, new GroupName("audit"))) && (await bus.Redis.StreamLengthAsync(StreamKeys.Redrive(bus.Stream, new GroupName("audit")))) > 0);
        Assert.Equal(5L, await bus.ScalarAsync("select events from bus.group_progress where \"group\" = 'billing'"));
        Assert.Equal(0L, await bus.ScalarAsync("select duplicates_prevented from bus.consumer_group where name = 'billing'"));
    }

    [Fact]
    public async Task An_event_that_fails_again_after_its_redrive_is_a_new_dead_letter_that_can_be_redriven()
    {
        await using var bus = await BusWorld.CreateAsync();
        var isRepaired = false;
        await bus.StartWorkerAsync("billing", HandlerScript.Throwing(_ => !isRepaired, () => new RejectEventException("No.")));
        var queue = (await StartReclaimerAsync(bus)).GetRequiredService<DeadLetterQueue>();
        await bus.PublishAsync(1);
        await BusWorld.UntilAsync(async () => (await queue.ListAsync(new(), 10, null, Cancellation)).Letters.Count == 1, () => "a dead letter");
        var first = (await queue.ListAsync(new(), 10, null, Cancellation)).Letters[0];

        await queue.RedriveAsync(first.Number, "ada", Cancellation);

        await BusWorld.UntilAsync(async () => (await queue.ListAsync(new() { State = DeadLetterState.Dead }, 10, null, Cancellation)).Letters.Count == 1, () => "a second dead letter");
        var second = (await queue.ListAsync(new() { State = DeadLetterState.Dead }, 10, null, Cancellation)).Letters[0];
        Assert.Equal(first.Entry, second.Entry);
        Assert.False((await queue.RedriveAsync(first.Number, "ada", Cancellation))!.IsChanged);
        isRepaired = true;
        Assert.True((await queue.RedriveAsync(second.Number, "eve", Cancellation))!.IsChanged);
        await bus.AssertEachOnceAsync("billing", 1);
        var history = (await queue.FindAsync(first.Number, Cancellation))!.History;
        Assert.Equal([(first.Number, "ada"), (second.Number, "eve")], history.Select(letter => (letter.Number, letter.DecidedBy!)));
    }

    [Fact]
    public async Task Exactly_the_redriven_ids_become_free_whatever_ranges_cover_them()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, ids) = await letters.AddAsync(4);
        var first = EntryId.Parse(ids[0].ToString());
        var lastId = EntryId.Parse(ids[3].ToString());

        // As if compaction had made one range of these and of what is around them.
        await letters.World.Bus.ExecuteAsync($"delete from bus.inbox; insert into bus.inbox values ('{letters.World.Stream}', '{ReclaimingWorld.Group}', int8range({first.Value - 10}, {lastId.Value + 10}))");

        var change = await letters.Queue.RedriveAsync(new DeadLetterFilter { Numbers = [numbers[0], numbers[2]] }, "ada", null, 100, Cancellation);

        Assert.Equal((2, 0), (change.Changed, change.Unchanged));
        var covered = await Task.WhenAll(ids.Select(letters.IsCoveredAsync));
        Assert.Equal([false, true, false, true], covered);
        Assert.Equal(lastId.Value + 10 - (first.Value - 10) - 2, await letters.World.Bus.ScalarAsync("select sum(upper(entries) - lower(entries))::int8 from bus.inbox"));
        Assert.Equal([ids[0], ids[2]], (await letters.RedrivenAsync()).Select(entry => entry[EventFields.Entry]));
    }

    [Fact]
    public async Task A_redriven_entry_carries_its_id_on_the_stream_first_and_then_its_fields()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, ids) = await letters.AddAsync(1);

        await letters.Queue.RedriveAsync(numbers[0], "ada", Cancellation);

        var original = (await letters.World.Redis.StreamRangeAsync(letters.World.Key))[0].Values;
        var redriven = Assert.Single(await letters.RedrivenAsync());
        Assert.Equal([new NameValueEntry(EventFields.Entry, ids[0]), .. original], redriven.Values);
    }

    [Fact]
    public async Task Of_many_redrives_at_once_one_is_made_and_the_others_are_told_who_was_first()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, _) = await letters.AddAsync(1);

        var decisions = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => letters.Queue.RedriveAsync(numbers[0], $"person {i}", Cancellation)));

        var winner = Assert.Single(decisions, decision => decision!.IsChanged);
        Assert.All(decisions, decision => Assert.Equal((DeadLetterState.Redriven, winner!.DecidedBy), (decision!.State, decision.DecidedBy)));
        Assert.Single(await letters.RedrivenAsync());
    }

    [Fact]
    public async Task What_is_discarded_stays_covered_and_is_not_redriven()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, ids) = await letters.AddAsync(1);

        Assert.True((await letters.Queue.DiscardAsync(numbers[0], "ada", Cancellation))!.IsChanged);
        var redrive = await letters.Queue.RedriveAsync(numbers[0], "eve", Cancellation);
        var discard = await letters.Queue.DiscardAsync(numbers[0], "eve", Cancellation);

        Assert.Equal((false, DeadLetterState.Discarded, "ada"), (redrive!.IsChanged, redrive.State, redrive.DecidedBy));
        Assert.False(discard!.IsChanged);
        Assert.True(await letters.IsCoveredAsync(ids[0]));
        Assert.Empty(await letters.RedrivenAsync());
        Assert.Null(await letters.Queue.RedriveAsync(numbers[0] + 1, "ada", Cancellation));
        Assert.Null(await letters.Queue.DiscardAsync(numbers[0] + 1, "ada", Cancellation));
    }

    [Fact]
    public async Task A_dead_letter_whose_entry_is_still_pending_leaves_the_pending_entries_before_it_is_redriven()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, ids) = await letters.AddAsync(2, isCompleted: false);

        Assert.True((await letters.Queue.RedriveAsync(numbers[0], "ada", Cancellation))!.IsChanged);

        Assert.Equal([ids[1]], (await letters.World.PendingAsync()).Keys);
        Assert.Equal(ids[0], Assert.Single(await letters.World.Redis.StreamRangeAsync(letters.World.DeadLetters))[DeadLetterFields.Entry]);
        Assert.Equal(1, (await letters.Queue.RedriveAsync(new DeadLetterFilter(), "ada", null, 100, Cancellation)).Changed);
        Assert.Empty(await letters.World.PendingAsync());
    }

    [Fact]
    public async Task A_dead_letter_that_cannot_leave_the_pending_entries_is_not_redriven()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, ids) = await letters.AddAsync(1, isCompleted: false);

        Assert.Empty(await letters.Redrive.DecideAsync(letters.World.Stream, ReclaimingWorld.Group, numbers, "ada", Cancellation));

        Assert.True(await letters.IsCoveredAsync(ids[0]));
        Assert.Equal(DeadLetterState.Dead, (await letters.Queue.FindAsync(numbers[0], Cancellation))!.State);
    }

    [Fact]
    public async Task A_crash_after_the_decision_is_healed_by_whichever_reclaimer_comes_first()
    {
        await using var letters = await Letters.CreateAsync();
        var other = await letters.World.CreateReclaimerAsync();
        var (numbers, _) = await letters.AddAsync(3);
        await letters.Redrive.DecideAsync(letters.World.Stream, ReclaimingWorld.Group, numbers, "ada", Cancellation);
        Assert.Empty(await letters.RedrivenAsync());

        await Task.WhenAll(letters.PassAsync(), ReclaimingWorld.PassAsync(other));

        Assert.Equal(3, (await letters.RedrivenAsync()).Length);
        await letters.PassAsync();
        Assert.Equal(3, (await letters.RedrivenAsync()).Length);
    }

    [Fact]
    public async Task A_crash_after_the_append_makes_a_second_entry_and_no_second_effect()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, _) = await letters.AddAsync(2);
        await letters.Queue.RedriveAsync(new DeadLetterFilter(), "ada", null, 100, Cancellation);

        // Added, but the process died before it could say so.
        await letters.World.Bus.ExecuteAsync($"update bus.dead_letters set redrive_entry = null where number = {numbers[0]}");
        await letters.PassAsync();
        Assert.Equal(3, (await letters.RedrivenAsync()).Length);

        await letters.World.Bus.StartWorkerAsync(ReclaimingWorld.Group.Value);
        await letters.World.Bus.AssertEachOnceAsync(ReclaimingWorld.Group.Value, 2);
        await BusWorld.UntilAsync(async () => (await letters.World.PendingAsync(letters.World.Redrive)).Count == 0, () => "all redriven entries acknowledged");
        Assert.Equal(2, await letters.World.Bus.EffectsAsync(ReclaimingWorld.Group.Value));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_Redis_loses_of_a_redriven_event_is_added_again(bool isDelivered)
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, ids) = await letters.AddAsync(2);
        await letters.Queue.RedriveAsync(new DeadLetterFilter(), "ada", null, 100, Cancellation);
        if (isDelivered)
        {
            await letters.World.Redis.StreamReadGroupAsync(letters.World.Redrive, ReclaimingWorld.Group.Value, "lane", ">", 10);
        }

        await letters.PassAsync();
        Assert.Equal(2, (await letters.RedrivenAsync()).Length);

        await letters.World.Redis.KeyDeleteAsync(letters.World.Redrive);
        await letters.PassAsync();
        Assert.Equal(ids, (await letters.RedrivenAsync()).Select(entry => entry[EventFields.Entry]));

        // Acknowledged without an effect: by hand, or by a worker whose commit was lost.
        await letters.World.Redis.StreamReadGroupAsync(letters.World.Redrive, ReclaimingWorld.Group.Value, "lane", ">", 10);
        await letters.World.Redis.StreamAcknowledgeAsync(letters.World.Redrive, ReclaimingWorld.Group.Value, (await letters.RedrivenAsync())[0].Id);
        await letters.PassAsync();
        Assert.Equal(ids.Order(), (await letters.RedrivenAsync()).TakeLast(2).Select(entry => entry[EventFields.Entry]).Order());
        Assert.Equal(2, await letters.World.Bus.ScalarAsync("select count(distinct number)::int from bus.dead_letters where settled_at is null"));
    }

    [Fact]
    public async Task Another_entry_under_the_id_of_a_redriven_one_is_not_taken_for_it()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, ids) = await letters.AddAsync(1);
        await letters.Queue.RedriveAsync(numbers[0], "ada", Cancellation);
        var under = (await letters.RedrivenAsync())[0].Id;
        await letters.World.Redis.KeyDeleteAsync(letters.World.Redrive);
        await letters.World.Redis.StreamAddAsync(letters.World.Redrive, [new(EventFields.Entry, "5-5"), .. BusWorld.Event(9)], under);

        await letters.PassAsync();

        Assert.Equal(["5-5", ids[0]], (await letters.RedrivenAsync()).Select(entry => entry[EventFields.Entry]));
    }

    [Fact]
    public async Task What_Redis_refuses_to_add_is_redriven_and_added_once_it_can_be()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, ids) = await letters.AddAsync(1);
        await letters.World.Redis.KeyDeleteAsync(letters.World.Redrive);
        await letters.World.Redis.StringSetAsync(letters.World.Redrive, "not a stream");

        Assert.True((await letters.Queue.RedriveAsync(numbers[0], "ada", Cancellation))!.IsChanged);

        await letters.World.Redis.KeyDeleteAsync(letters.World.Redrive);
        await letters.PassAsync();
        Assert.Equal(ids[0], Assert.Single(await letters.RedrivenAsync())[EventFields.Entry]);
    }

    [Fact]
    public async Task What_is_finished_leaves_the_redrive_stream_and_what_is_not_stays()
    {
        await using var letters = await Letters.CreateAsync();
        var (_, ids) = await letters.AddAsync(5);
        await letters.Queue.RedriveAsync(new DeadLetterFilter(), "ada", null, 100, Cancellation);
        var read = await letters.World.Redis.StreamReadGroupAsync(letters.World.Redrive, ReclaimingWorld.Group.Value, "lane", ">", 4);
        foreach (var entry in read.Take(2).Append(read[3]))
        {
            await letters.World.HandleAsync([entry[EventFields.Entry]]);
            await letters.World.Redis.StreamAcknowledgeAsync(letters.World.Redrive, ReclaimingWorld.Group.Value, entry.Id);
        }

        await letters.PassAsync();

        Assert.Equal(ids[2..], (await letters.RedrivenAsync()).Select(entry => entry[EventFields.Entry]));
        Assert.Equal(3L, await letters.World.Bus.ScalarAsync("select count(*) from bus.dead_letters where settled_at is not null"));
        Assert.Equal(1, letters.Services.GetRequiredService<StreamSampler>().Latest!.Groups[0].Lag);
    }

    [Fact]
    public async Task Redrives_while_the_inbox_is_compacted_free_what_they_say_and_nothing_else()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, ids) = await letters.AddAsync(60);
        var checkpoint = EntryId.Parse(ids[^1].ToString());
        using var done = new CancellationTokenSource();
        var compacting = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await new InboxCompaction(letters.World.Bus.Postgres).CompactAsync(letters.World.Stream, ReclaimingWorld.Group, checkpoint, Cancellation);
            }
        }, Cancellation);

        await Parallel.ForEachAsync(numbers.Where((_, i) => i % 2 == 0), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancellation },
            async (number, token) => Assert.True((await letters.Queue.RedriveAsync(number, "ada", token))!.IsChanged));

        await done.CancelAsync();
        await compacting;
        Assert.Equal(ids.Select((_, i) => i % 2 == 1), await Task.WhenAll(ids.Select(letters.IsCoveredAsync)));
        Assert.Equal(ids.Where((_, i) => i % 2 == 0).Order(), (await letters.RedrivenAsync()).Select(entry => entry[EventFields.Entry]).Order());
    }

    private static async Task<IServiceProvider> StartReclaimerAsync(BusWorld bus)
    {
        var builder = bus.CreateHost();
        builder.AddEventBus().AddReclaimer(options => options.Interval = TimeSpan.FromMilliseconds(100));
        return (await bus.StartAsync(builder)).Services;
    }
}
