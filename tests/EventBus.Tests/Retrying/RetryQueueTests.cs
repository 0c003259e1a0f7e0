using FanOut.EventBus.Retrying;
using FanOut.EventBus.Wire;
using Npgsql;

namespace FanOut.EventBus.Tests.Retrying;

public sealed class RetryQueueTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_claimed_row_has_the_event_as_it_was()
    {
        await using var world = await RetryWorld.CreateAsync();
        var item = (await world.Bus.AddEventsAsync(1))[0];
        EventMetadata before = RetryWorld.Wire(item).ToMetadata(item.Type) with
        {
            TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            TraceState = "vendor=1",
            Headers = new Dictionary<string, string> { ["tenant"] = "a\"b" },
        };
        var wire = WireEvent.FromRow(
            item.Position,
            item.Id,
            before.Time,
            [before.Type, before.Source, before.Subject, "{}", before.TraceParent, before.TraceState],
            """{"tenant":"a\"b"}""");
        await world.AddAsync([NewRetry.Waiting(wire, "1-0", 2, TimeSpan.Zero, "why")], [new(item.Position, item.Id)], world.Group);

        var row = Assert.Single(await world.ClaimAsync(Guid.NewGuid()));

        Assert.Equivalent(before, row.Event.ToMetadata(item.Type), strict: true);
        Assert.True(row.Event.IsSampled);
        Assert.Equal("{}"u8.ToArray(), row.Event.Data.ToArray());
        Assert.Equal(2, row.Attempts);
        var types = new EventTypeRegistry();
        types.Add(new EventType(Ping.EventType, typeof(Ping), PingJson.Default.Ping));
        Assert.NotNull(types.Find(row.Event.Type));
    }

    [Fact]
    public async Task Rival_claims_share_no_row_and_leave_none()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1_000);
        var claimed = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var queue = new RetryQueue(world.Bus.Postgres, world.Group);
            var numbers = new List<long>();
            var empty = 0;
            while (empty < 5)
            {
                var rows = await queue.ClaimManyAsync(Guid.NewGuid(), [RetryWorld.Type], 20, RetryWorld.Lease, Cancellation);
                numbers.AddRange(rows.Select(row => row.Number));
                empty = rows.Count == 0 ? empty + 1 : 0;
            }

            return numbers;
        }));

        var all = claimed.SelectMany(numbers => numbers).ToArray();
        Assert.Equal(1_000, all.Length);
        Assert.Equal(1_000, all.Distinct().Count());
    }

    [Fact]
    public async Task A_claim_of_many_takes_the_longest_due_first_and_counts_no_attempt()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(5);
        await world.Bus.ExecuteAsync("update bus.retry set due_at = due_at - number * interval '1 second'");
        await world.AddAsync(5, "test.other");
        await world.Bus.ExecuteAsync("update bus.retry set due_at = due_at + interval '1 hour' where number = 5");

        var rows = await world.ClaimAsync(Guid.NewGuid(), 3, RetryWorld.Type, "test.other");

        Assert.Equal([2L, 3L, 4L], rows.Select(row => row.Number));
        Assert.All(rows, row => Assert.Equal(0, row.Attempts));
    }

    [Fact]
    public async Task Only_known_types_of_the_own_group_that_are_due_are_claimed()
    {
        await using var world = await RetryWorld.CreateAsync();
        var other = await world.Bus.RegisterGroupAsync("other");
        await world.AddAsync(1, "test.newer");
        await world.AddAsync(1, group: other);
        await world.AddAsync(1);
        await world.Bus.ExecuteAsync("update bus.retry set due_at = due_at + interval '1 hour' where number = 3");

        Assert.Empty(await world.ClaimAsync(Guid.NewGuid()));

        // A worker of its own: a queue that is asked for other types continues from where it has looked already.
        var newer = new RetryQueue(world.Bus.Postgres, world.Group);
        Assert.Single(await newer.ClaimManyAsync(Guid.NewGuid(), ["test.newer"], 10, RetryWorld.Lease, Cancellation));
    }

    [Fact]
    public async Task After_a_lost_reply_the_claim_is_read_again()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(3);
        var claim = Guid.NewGuid();
        var rows = await world.ClaimAsync(claim, 2);

        Assert.Equal(rows.Select(row => row.Number), (await world.Queue.ReadClaimAsync(claim, Cancellation)).Select(row => row.Number));
        Assert.Empty(await world.Queue.ReadClaimAsync(Guid.NewGuid(), Cancellation));
    }

    [Fact]
    public async Task An_unfinished_claim_is_claimed_alone_and_counts_an_attempt()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(2);
        await world.ClaimAsync(Guid.NewGuid());

        Assert.Null(await world.ClaimUnfinishedAsync(Guid.NewGuid()));
        await world.EndClaimsAsync();
        Assert.Empty(await new RetryQueue(world.Bus.Postgres, world.Group).ClaimManyAsync(
            Guid.NewGuid(), [RetryWorld.Type], 10, RetryWorld.Lease, Cancellation));
        var claim = Guid.NewGuid();
        var queue = new RetryQueue(world.Bus.Postgres, world.Group);
        var row = await world.ClaimUnfinishedAsync(claim, queue);

        Assert.Equal(1, row!.Attempts);
        Assert.Equal([row.Number], await world.FinishAsync(claim, row.Number));
    }

    [Fact]
    public async Task A_row_that_never_finishes_is_dead_after_its_last_attempt_and_the_next_is_claimed()
    {
        await using var world = await RetryWorld.CreateAsync(maxDeliveries: 2);
        await world.AddAsync(1);
        await world.ClaimAsync(Guid.NewGuid());
        foreach (var attempt in new[] { 1, 2 })
        {
            await world.EndClaimsAsync();
            Assert.Equal(attempt, (await world.ClaimUnfinishedAsync(Guid.NewGuid(), new RetryQueue(world.Bus.Postgres, world.Group)))!.Attempts);
        }

        await world.AddAsync(1);
        await world.ClaimAsync(Guid.NewGuid());
        await world.EndClaimsAsync();
        var next = await world.ClaimUnfinishedAsync(Guid.NewGuid(), new RetryQueue(world.Bus.Postgres, world.Group, world.Metrics));

        Assert.Equal(2, next!.Number);
        Assert.Equal("dead 1, waiting 1", await world.StatesAsync());
        Assert.Contains("Attempt 2 never finished", (string?)await world.Bus.ScalarAsync("select error from bus.retry where state = 'dead'"));
    }

    [Fact]
    public async Task While_the_handler_runs_the_row_is_nobody_elses_even_after_its_claim_ended()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1);
        var claim = Guid.NewGuid();
        var row = Assert.Single(await world.ClaimAsync(claim));
        await world.EndClaimsAsync();
        await using (var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation))
        await using (var transaction = await connection.BeginTransactionAsync(Cancellation))
        {
            Assert.Equal([row.Number], await world.LockAsync(connection, transaction, claim, row.Number));
            Assert.Null(await world.ClaimUnfinishedAsync(Guid.NewGuid()));
            await transaction.RollbackAsync(Cancellation);
        }

        // Its place lies below the cursor now; a search from the beginning finds it.
        RetryRow? found = null;
        await BusWorld.UntilAsync(
            async () => (found = await world.ClaimUnfinishedAsync(Guid.NewGuid())) is not null, () => "the row that was rolled back");
        Assert.Equal(row.Number, found!.Number);
    }

    [Fact]
    public async Task Who_lost_the_claim_changes_nothing()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1);
        var late = Guid.NewGuid();
        var row = Assert.Single(await world.ClaimAsync(late));
        await world.EndClaimsAsync();
        var claim = Guid.NewGuid();
        Assert.NotNull(await world.ClaimUnfinishedAsync(claim));

        Assert.Empty(await world.FinishAsync(late, row.Number));
        Assert.False(await world.FailAsync(row.Number, late, 1, "late", TimeSpan.Zero, isDead: true));
        Assert.Equal("waiting 1", await world.StatesAsync());
        Assert.Equal([row.Number], await world.FinishAsync(claim, row.Number));
    }

    [Fact]
    public async Task A_failed_row_waits_for_its_delay_and_is_claimed_with_its_attempts()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1);
        var claim = Guid.NewGuid();
        var row = Assert.Single(await world.ClaimAsync(claim));
        Assert.True(await world.FailAsync(row.Number, claim, 1, "no\0 way \ud800", TimeSpan.FromMilliseconds(300), isDead: false));
        Assert.Empty(await world.ClaimAsync(Guid.NewGuid()));

        IReadOnlyList<RetryRow> again = [];
        await BusWorld.UntilAsync(async () => (again = await world.ClaimAsync(claim)).Count == 1, () => "the row to be due");
        Assert.Equal(1, again[0].Attempts);
        Assert.True(await world.FailAsync(again[0].Number, claim, 2, "never", TimeSpan.Zero, isDead: true));
        Assert.Equal("dead 1", await world.StatesAsync());
    }

    [Fact]
    public async Task A_row_that_comes_in_below_the_cursor_is_found_within_seconds()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(2);
        await world.ClaimAsync(Guid.NewGuid(), 1);
        await world.Bus.ExecuteAsync("update bus.retry set due_at = due_at - interval '1 hour' where claim is null");

        await BusWorld.UntilAsync(async () => (await world.ClaimAsync(Guid.NewGuid())).Count == 1, () => "the row below the cursor");
    }

    [Fact]
    public async Task Beside_an_old_snapshot_claims_do_not_walk_over_what_was_claimed_before()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(10_000);
        await world.Bus.ExecuteAsync("update bus.retry set due_at = clock_timestamp() - interval '1 hour' + number * interval '1 ms'");
        await world.Bus.ExecuteAsync("vacuum analyze bus.retry");
        await using var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation);
        await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, Cancellation);
        await using (var look = new NpgsqlCommand("select count(*) from bus.retry", connection, snapshot))
        {
            await look.ExecuteScalarAsync(Cancellation);
        }

        for (var i = 0; i < 80; i++)
        {
            Assert.Equal(100, (await world.ClaimAsync(Guid.NewGuid())).Count);
        }

        // One of two in a row may search from the beginning.
        Assert.InRange(Math.Min(await ClaimAsync(), await ClaimAsync()), 100, 1_000);

        async Task<long> ClaimAsync()
        {
            var before = await EntriesReadAsync();
            Assert.Equal(100, (await world.ClaimAsync(Guid.NewGuid())).Count);
            return await EntriesReadAsync() - before;
        }

        // Entries of the index that claims have read, also those of rows that nobody sees any more.
        async Task<long> EntriesReadAsync()
        {
            await world.Bus.ExecuteAsync("select pg_stat_force_next_flush()");
            return (long)(await world.Bus.ScalarAsync("select idx_tup_read from pg_stat_user_indexes where indexrelname = 'retry_due'"))!;
        }
    }

    [Fact]
    public async Task A_type_that_no_worker_has_subscribed_to_for_an_hour_becomes_dead_and_says_so()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1);
        await world.AddAsync(2, "test.dropped");
        await world.ClaimAsync(Guid.NewGuid(), 1, "test.dropped");
        await world.AddAsync(1, "test.rare");
        await world.Bus.Groups.SubscribeAsync(world.Group, ["test.dropped", "test.rare"], Cancellation);
        await world.Bus.ExecuteAsync("update bus.subscription set seen_at = now() - interval '61 minutes' where type = 'test.dropped'");
        await world.Bus.ExecuteAsync("update bus.subscription set seen_at = now() - interval '59 minutes' where type = 'test.rare'");

        Assert.Equal(1, await world.Queue.RetireUnknownAsync(Cancellation));
        await world.EndClaimsAsync();
        Assert.Equal(1, await world.Queue.RetireUnknownAsync(Cancellation));
        Assert.Equal("dead 2, waiting 2", await world.StatesAsync());
        Assert.Contains("'test.dropped' for an hour", (string?)await world.Bus.ScalarAsync("select max(error) from bus.retry where state = 'dead'"));
    }

    [Fact]
    public async Task While_no_worker_runs_or_before_one_ever_did_rows_wait()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1);
        await world.Bus.ExecuteAsync("update bus.subscription set seen_at = now() - interval '3 days'");
        Assert.Equal(0, await world.Queue.RetireUnknownAsync(Cancellation));

        await world.Bus.ExecuteAsync("delete from bus.subscription");
        Assert.Equal(0, await world.Queue.RetireUnknownAsync(Cancellation));
    }

    [Fact]
    public async Task After_a_pause_of_all_workers_the_first_one_that_comes_back_keeps_the_other_types()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1, "test.newer");
        await world.Bus.Groups.SubscribeAsync(world.Group, ["test.newer", "test.dropped"], Cancellation);
        await world.Bus.ExecuteAsync("update bus.subscription set seen_at = now() - interval '3 days'");
        await world.Bus.ExecuteAsync("update bus.subscription set seen_at = seen_at - interval '2 hours' where type = 'test.dropped'");
        await world.Bus.Groups.SubscribeAsync(world.Group, [RetryWorld.Type], Cancellation);

        Assert.Equal(0, await world.Queue.RetireUnknownAsync(Cancellation));
        Assert.Equal(
            "test.newer,test.ping",
            await world.Bus.ScalarAsync(
                "select string_agg(type, ',' order by type) from bus.subscription where seen_at > now() - interval '1 hour'"));
    }
}
