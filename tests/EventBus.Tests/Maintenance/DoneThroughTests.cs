using FanOut.EventBus.Groups;
using FanOut.EventBus.Maintenance;
using FanOut.TestServers;
using FanOut.TestServers.Network;
using Npgsql;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class DoneThroughTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_rises_over_what_is_taken_and_its_ranges_go()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("taken");
        var events = await world.AddEventsAsync(100);
        await world.TakeAsync(group, events[..40]);
        await world.TakeAsync(group, events[60..]);
        var doneThrough = new Parts(world).DoneThrough(group);

        await RaiseUntilAsync(world, group, doneThrough, events[39].Position);
        Assert.Equal(40L, await world.ScalarAsync("select done_through_events from bus.consumer_group"));
        Assert.Equal(1L, await world.ScalarAsync("select count(*) from bus.inbox"));
        Assert.Equal(80, await world.ProgressAsync(group));

        await world.TakeAsync(group, events[40..60]);
        await RaiseUntilAsync(world, group, doneThrough, events[^1].Position);
        Assert.Equal(100L, await world.ScalarAsync("select done_through_events from bus.consumer_group"));
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.inbox"));
        Assert.Equal(100, await world.ProgressAsync(group));
    }

    [Fact]
    public async Task It_rises_over_positions_that_were_rolled_back_or_pruned()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("holes");
        await world.ExecuteAsync($"select setval('bus.position_{world.Identity.Id}', 5000000)");
        var first = await world.AddEventsAsync(3);
        await world.ExecuteAsync($"select bus.next_position({world.Identity.Id}) from generate_series(1, 7)");
        var second = await world.AddEventsAsync(3);
        await world.TakeAsync(group, [.. first, .. second]);

        await RaiseUntilAsync(world, group, new Parts(world).DoneThrough(group), second[^1].Position);

        Assert.Equal(6, await world.ProgressAsync(group));
    }

    /// <summary>Attack 11.</summary>
    [Fact]
    public async Task It_does_not_rise_over_an_order_that_is_still_open()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("open");
        await using var order = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await order.BeginTransactionAsync(Cancellation);
        var position = await InsertAsync(world, order);
        var events = await world.AddEventsAsync(5);
        await world.TakeAsync(group, events);
        var doneThrough = new Parts(world).DoneThrough(group);
        for (var pass = 0; pass < 4; pass++)
        {
            await doneThrough.PassAsync(Cancellation);
        }

        Assert.Equal(0, await world.DoneThroughAsync(group));
        await transaction.CommitAsync(Cancellation);
        for (var pass = 0; pass < 4; pass++)
        {
            await doneThrough.PassAsync(Cancellation);
        }

        Assert.Equal(position - 1, await world.DoneThroughAsync(group));
    }

    [Fact]
    public async Task It_does_not_rise_over_what_a_lane_has_taken_and_may_roll_back()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("held");
        var events = await world.AddEventsAsync(5);
        var doneThrough = new Parts(world).DoneThrough(group);
        await doneThrough.PassAsync(Cancellation);
        await using (await world.HoldAsync(group, events))
        {
            await doneThrough.PassAsync(Cancellation);
            await doneThrough.PassAsync(Cancellation);
        }

        Assert.Equal(0, await world.DoneThroughAsync(group));
    }

    /// <summary>Attack 3: positions below a horizon are drawn again after a failover.</summary>
    [Fact]
    public async Task A_horizon_ends_with_the_server_that_drew_it()
    {
        await using var primary = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: primary);
        var group = await world.RegisterGroupAsync("failover");
        var events = await world.AddEventsAsync(1);
        await using var standby = await PostgresStandby.StartAsync(primary, cancellationToken: Cancellation);
        await standby.CatchUpAsync(Cancellation);
        await standby.PauseReceivingAsync(Cancellation);
        await world.AddEventsAsync(2);
        await using var address = TcpProxy.Start(primary.Port);
        await using var postgres = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(primary.ConnectionStringFor(world.Database.Name)) { Port = address.Port, Pooling = false });
        var doneThrough = new Parts(world, postgres: postgres).DoneThrough(group);
        await doneThrough.PassAsync(Cancellation);

        // Positions 2 and 3 are lost and drawn again: 2 by an order that stays open, 3 by one that commits and is done. The promoted server is busy
        // meanwhile, so that its transactions are above the horizon's.
        await primary.KillAsync();
        await standby.PromoteAsync(Cancellation);
        address.UpstreamPort = standby.Port;
        await using var after = NpgsqlDataSource.Create(standby.ConnectionStringFor(world.Database.Name));
        await using (var other = after.CreateCommand("do 'begin for i in 1..100 loop perform pg_current_xact_id(); commit; end loop; end'"))
        {
            await other.ExecuteNonQueryAsync(Cancellation);
        }

        await using (var reset = after.CreateCommand($"select setval('bus.position_{world.Identity.Id}', 1)"))
        {
            await reset.ExecuteNonQueryAsync(Cancellation);
        }

        await using var order = await after.OpenConnectionAsync(Cancellation);
        await using var transaction = await order.BeginTransactionAsync(Cancellation);
        Assert.Equal(2, await InsertAsync(world, order));
        await using (var second = await after.OpenConnectionAsync(Cancellation))
        {
            Assert.Equal(3, await InsertAsync(world, second));
        }

        await using (var take = after.CreateCommand(
            $"insert into bus.inbox values ({group.Id}, '[{events[0].Position},2)'), ({group.Id}, '[3,4)')"))
        {
            await take.ExecuteNonQueryAsync(Cancellation);
        }

        for (var pass = 0; pass < 4; pass++)
        {
            await doneThrough.PassAsync(Cancellation);
        }

        await using var read = after.CreateCommand("select done_through from bus.consumer_group");
        Assert.Equal(0L, await read.ExecuteScalarAsync(Cancellation));
    }

    [Fact]
    public async Task A_range_that_came_back_below_it_is_deleted_and_never_counted()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("stale");
        var events = await world.AddEventsAsync(20);
        await world.TakeAsync(group, events[..10]);
        var doneThrough = new Parts(world).DoneThrough(group);
        await RaiseUntilAsync(world, group, doneThrough, events[9].Position);

        // A redelivery: half of it is below.
        await world.TakeAsync(group, events[2..5]);
        await world.TakeAsync(group, events[8..12]);
        Assert.Equal(12, await world.ProgressAsync(group));
        await RaiseUntilAsync(world, group, doneThrough, events[11].Position);
        Assert.Equal(12, await world.ProgressAsync(group));

        await new Parts(world).DoneThrough(group).PassAsync(Cancellation);
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.inbox"));
    }

    [Fact]
    public async Task A_raise_that_another_replica_overtook_counts_nothing_twice()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("overtaken");
        var events = await world.AddEventsAsync(100);
        await world.TakeAsync(group, events[..40]);
        await world.TakeAsync(group, events[40..]);
        var doneThrough = new Parts(world).DoneThrough(group);
        await doneThrough.PassAsync(Cancellation);
        await using var other = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await other.BeginTransactionAsync(Cancellation);
        await using (var raise = new NpgsqlCommand(
            $"""
            update bus.consumer_group set done_through = {events[39].Position}, done_through_events = 40;
            delete from bus.inbox where positions @> 1::int8
            """,
            other))
        {
            await raise.ExecuteNonQueryAsync(Cancellation);
        }

        var overtaken = doneThrough.PassAsync(Cancellation);
        await BusWorld.UntilAsync(
            async () => overtaken.IsCompleted || (bool)(await world.ScalarAsync("select exists (select from pg_locks where not granted)"))!,
            () => "the raise to wait");
        await transaction.CommitAsync(Cancellation);
        await overtaken;
        Assert.Equal(100, await world.ProgressAsync(group));

        await RaiseUntilAsync(world, group, doneThrough, events[^1].Position);
        Assert.Equal(100, await world.ProgressAsync(group));
    }

    /// <summary>The view's count stays exact under any interleaving of lanes, reclaimers and raises by two replicas.</summary>
    [Fact]
    public async Task Progress_is_exact_whatever_interleaves()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("exact", reclaimAfter: GroupWork.Soon);
        Parts[] replicas = [new(world, "one"), new(world, "two")];
        DoneThrough[] raisers = [.. replicas.Select(replica => replica.DoneThrough(group))];
        LostEvents[] losses = [.. replicas.Select(replica => replica.LostEvents(group))];
        var random = new Random(7);
        var events = new List<TestEvent>();
        var started = TimeProvider.System.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(Effort.Seconds(4) + 120));
        while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(Effort.Seconds(4)) || !await HasSeenAllAsync())
        {
            limit.Token.ThrowIfCancellationRequested();
            var added = await world.AddEventsAsync(random.Next(1, 40));
            events.AddRange(added);
            await world.ExecuteAsync($"select bus.next_position({world.Identity.Id}) from generate_series(1, {random.Next(3)})");
            await world.AppendAsync([.. added.Where(_ => random.Next(10) > 0)]);
            await world.Redis.HashSetAsync(StreamKeys.Relay(world.Stream), "position", added[^1].Position);
            await Task.WhenAll(
                LaneAsync(random.Next(), isLate: false),
                LaneAsync(random.Next(), isLate: true),
                raisers[0].PassAsync(Cancellation),
                raisers[1].PassAsync(Cancellation),
                TolerantAsync(() => replicas[random.Next(2)].ReclaimAsync(group)),
                TolerantAsync(() => losses[0].PassAsync(Cancellation)),
                TolerantAsync(() => losses[1].PassAsync(Cancellation)));
            var taken = await world.ScalarAsync($"""
                with taken as materialized (select range_agg(positions) as positions from bus.inbox)
                select count(*) from bus.outbox o, bus.consumer_group g, taken
                where o.position <= g.done_through or o.position <@ taken.positions
                """);
            var retries = await world.ScalarAsync("select count(*) from bus.retry where position is not null");
            Assert.Equal((long)taken! - (long)retries!, await world.ProgressAsync(group));
        }

        // It ends only when each of them has had something to do.
        async Task<bool> HasSeenAllAsync() => (bool)(await world.ScalarAsync("""
            select exists (select from bus.retry where entry_id is not null)
                and exists (select from bus.retry where entry_id is null)
                and exists (select from bus.consumer_group where done_through > 0)
            """))!;

        async Task LaneAsync(int seed, bool isLate)
        {
            var choice = new Random(seed);
            var batch = isLate ? [.. events.Where(_ => choice.Next(20) == 0)] : events.TakeLast(choice.Next(60)).ToArray();
            if (!isLate)
            {
                await world.ReadAsync(group, choice.Next(1, 30));
            }

            await TolerantAsync(() => world.TakeAsync(group, batch));
        }

        static async Task TolerantAsync(Func<Task> work)
        {
            try
            {
                await work();
            }
            catch (PostgresException e) when (EnvironmentFault.Is(e))
            {
                // A lock that was not had in time, or a deadlock: it comes again.
            }
        }
    }

    [Fact]
    public async Task Statements_of_the_outbox_follow_the_index_of_its_positions()
    {
        await using var world = await BusWorld.CreateAsync();
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var command = new NpgsqlCommand(
            $"set enable_seqscan = off; explain select position from {world.Identity.OutboxTable} order by position desc limit 1", connection);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation))
        {
            Assert.DoesNotContain("Sort", reader.GetString(0), StringComparison.Ordinal);
        }
    }

    private static async Task<long> InsertAsync(BusWorld world, NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand($"""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data)
            values ({world.Identity.Id}, bus.next_position({world.Identity.Id}), gen_random_uuid(), '{Ping.EventType}', 'tests', '', now(), '')
            returning position
            """, connection);
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    private static Task RaiseUntilAsync(BusWorld world, RegisteredGroup group, DoneThrough doneThrough, long position) => BusWorld.UntilAsync(
        async () =>
        {
            await doneThrough.PassAsync(Cancellation);
            return await world.DoneThroughAsync(group) == position;
        },
        () => $"done_through to reach {position}");
}
