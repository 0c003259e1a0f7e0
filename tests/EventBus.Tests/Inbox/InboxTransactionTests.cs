using FanOut.EventBus.Groups;
using FanOut.EventBus.Inbox;
using Npgsql;

namespace FanOut.EventBus.Tests.Inbox;

public sealed class InboxTransactionTests
{
    private static readonly InboxTimeouts Timeouts = new(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5));

    [Fact]
    public async Task A_position_is_taken_once()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("once");
        var events = await world.AddEventsAsync(10);

        Assert.Equal(10, await TakeAsync(world, group, events));
        Assert.Equal(0, await TakeAsync(world, group, events));
        Assert.Equal(1L, await world.ScalarAsync("select count(*) from bus.inbox"));
    }

    [Fact]
    public async Task Of_an_overlap_the_rest_is_taken()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("overlap");
        var events = await world.AddEventsAsync(20);
        await TakeAsync(world, group, [.. events.Where((_, i) => i is 3 or 7 or 8 or 15)]);

        Assert.Equal(16, await TakeAsync(world, group, [.. events, .. events]));
        Assert.Equal(20L, await world.ScalarAsync("select sum(upper(positions) - lower(positions))::int8 from bus.inbox"));
    }

    [Fact]
    public async Task What_was_rolled_back_is_free_again()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("rolled-back");
        var events = await world.AddEventsAsync(5);
        await using (await BeginAsync(world, group, events))
        {
            // Not committed.
        }

        Assert.Equal(5, await TakeAsync(world, group, events));
    }

    [Fact]
    public async Task No_range_is_lost_while_the_progress_is_read()
    {
        await using var world = await BusWorld.CreateAsync();
        var dead = await world.RegisterGroupAsync("dead");
        var live = await world.RegisterGroupAsync("live");
        var late = await world.RegisterGroupAsync("late");
        await world.ExecuteAsync($"""
            insert into bus.inbox select {dead.Id}, int8range(n, n + 1) from generate_series(2, 120, 2) n;
            insert into bus.inbox select {live.Id}, int8range(n, n + 1) from generate_series(2, 200, 2) n;
            """);
        await world.ExecuteAsync($"delete from bus.inbox where group_id = {dead.Id} and positions << int8range(82, null)");
        await using var connection = await world.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var hold = new NpgsqlCommand("select pg_advisory_xact_lock(1)", connection);
        await hold.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        // It waits after the first group. Then a page of the index is split, where Postgres would mark the wrong entries as dead.
        var reading = world.ScalarAsync("""
            set enable_seqscan = off;
            set enable_bitmapscan = off;
            with first as materialized (select events, pg_advisory_xact_lock(1) from bus.group_progress) select count(*) from first
            """);
        await BusWorld.UntilAsync(
            async () => await world.ScalarAsync("""
                select count(*) from pg_locks join pg_database d on d.oid = database where datname = current_database() and not granted
                """) is 1L,
            () => "the reader");
        await using var split = new NpgsqlCommand(
            $"insert into bus.inbox select {late.Id}, int8range(n, n + 1) from generate_series(2, 200, 2) n", connection);
        await split.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        await reading;

        Assert.Equal(0L, await world.ScalarAsync("""
            with again as (insert into bus.inbox select group_id, positions from bus.inbox on conflict do nothing returning 1)
            select count(*) from again
            """));
    }

    [Fact]
    public async Task Two_transactions_at_once_take_each_position_once()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("rivals");
        var events = await world.AddEventsAsync(400);

        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TakeAsync(world, group, events)));

        Assert.Equal(400, taken.Sum());
    }

    [Fact]
    public async Task A_range_that_was_deleted_below_done_through_is_not_taken_again()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("raised");
        var events = await world.AddEventsAsync(6);

        // Another transaction holds the positions while this one waits to insert; then they are committed, done_through is raised and the ranges are
        // deleted.
        await using var first = await BeginAsync(world, group, events);
        var second = TakeAsync(world, group, events);
        await BusWorld.UntilAsync(
            async () => (long)(await world.ScalarAsync("select count(*) from pg_locks where not granted"))! > 0, () => "the second to wait");
        await first.CommitAsync(
            [
                new NpgsqlBatchCommand($"update bus.consumer_group set done_through = {events[^1].Position} where id = {group.Id}"),
                new NpgsqlBatchCommand($"delete from bus.inbox where group_id = {group.Id}"),
            ],
            TestContext.Current.CancellationToken);

        Assert.Equal(0, await second);
    }

    [Fact]
    public async Task A_stray_takes_no_position_and_does_not_keep_its_neighbours()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("strays");
        var events = await world.AddEventsAsync(5);
        TestEvent forged = events[2] with { Id = Guid.CreateVersion7() };
        var beyond = new TestEvent(1_000, Guid.CreateVersion7(), Ping.EventType, 0);

        await using (var inbox = await BeginAsync(world, group, [events[0], events[1], forged, events[3], beyond]))
        {
            Assert.Equal(new[] { forged.Id, beyond.Id }.Order(), inbox.Strays.Select(stray => stray.EventId).Order());
            TestEvent[] all = [.. events.Take(4), beyond];
            Assert.Equal([true, true, false, true, false], all.Select(e => inbox.IsFresh(e.Position)));
            await inbox.CommitAsync([], TestContext.Current.CancellationToken);
        }

        Assert.Equal(2, await TakeAsync(world, group, events));
    }

    [Fact]
    public async Task An_aborted_transaction_does_not_pass_for_committed()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("hidden");
        var events = await world.AddEventsAsync(1);
        await using var inbox = await BeginAsync(world, group, events);
        await using (var wrong = new NpgsqlCommand("select 1 / 0", inbox.Connection, inbox.Transaction))
        {
            await Assert.ThrowsAsync<PostgresException>(() => wrong.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        }

        await Assert.ThrowsAsync<PostgresException>(() => inbox.CommitAsync([], TestContext.Current.CancellationToken));
    }

    private static Task<InboxTransaction> BeginAsync(BusWorld world, RegisteredGroup group, IEnumerable<TestEvent> events) =>
        InboxTransaction.BeginAsync(
            world.Postgres, group, Timeouts, [.. events.Select(e => new InboxCandidate(e.Position, e.Id))], TestContext.Current.CancellationToken);

    private static async Task<int> TakeAsync(BusWorld world, RegisteredGroup group, TestEvent[] events)
    {
        await using var inbox = await BeginAsync(world, group, events);
        var taken = events.Select(e => e.Position).Distinct().Count(inbox.IsFresh);
        await inbox.CommitAsync([], TestContext.Current.CancellationToken);
        return taken;
    }
}
