using FanOut.EventBus.Maintenance;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class OutboxPartitionTests
{
    private const long Million = 1_000_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task There_is_room_for_16_million_positions_and_two_replicas_add_it_once()
    {
        await using var world = await BusWorld.CreateAsync();
        await SetPositionAsync(world, 3_500_000);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new Parts(world).Ahead().PassAsync(Cancellation)));

        Assert.Equal(Enumerable.Range(1, 20).Select(number => number * Million), await BoundsAsync(world));
        Assert.Equal(2, (await world.AddEventsAsync(2)).Length);
    }

    [Fact]
    public async Task At_a_high_rate_there_is_room_for_six_hours_in_partitions_of_one()
    {
        await using var world = await BusWorld.CreateAsync();
        var time = new FakeTimeProvider();
        var ahead = new Parts(world, time: time).Ahead();
        await ahead.PassAsync(Cancellation);
        time.Advance(TimeSpan.FromSeconds(10));
        await SetPositionAsync(world, 50_000);
        await ahead.PassAsync(Cancellation);

        var bounds = await BoundsAsync(world);
        Assert.InRange(bounds[^1], 5_000L * 6 * 3_600, 5_000L * 7 * 3_600 + (2 * Million));
        Assert.Equal(18 * Million, bounds[^1] - bounds[^2]);
    }

    /// <summary>Attack 3: the sequence was set past all partitions.</summary>
    [Fact]
    public async Task Skipped_positions_get_one_partition()
    {
        await using var world = await BusWorld.CreateAsync();
        await SetPositionAsync(world, 900 * Million);

        await new Parts(world).Ahead().PassAsync(Cancellation);

        Assert.InRange((await BoundsAsync(world)).Length, 17, 34);
        await world.AddEventsAsync(1);
    }

    /// <summary>Attack 23.</summary>
    [Fact]
    public async Task Orders_never_wait_for_partitions_that_are_added_or_dropped()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("orders");
        await world.AddEventsAsync(1);
        await SetPositionAsync(world, 1_500_000);
        await using var order = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await order.BeginTransactionAsync(Cancellation);
        await InsertAsync(world, order);
        await world.ExecuteAsync($"update bus.consumer_group set done_through = 1500000 where id = {group.Id}");

        await new Parts(world).Ahead().PassAsync(Cancellation);
        Assert.Equal(18, (await BoundsAsync(world)).Length);
        var pruning = new Parts(world).Pruner(TimeSpan.Zero).PassAsync(Cancellation);
        await BusWorld.UntilAsync(
            async () => (bool)(await world.ScalarAsync("select exists (select from pg_locks where not granted)"))!, () => "the detach to wait");

        // Another order, and readers of the outbox, do not.
        await using (var other = await world.Postgres.OpenConnectionAsync(Cancellation))
        {
            await using var limit = new NpgsqlCommand("set lock_timeout = '200ms'", other);
            await limit.ExecuteNonQueryAsync(Cancellation);
            await InsertAsync(world, other);
            await using var read = new NpgsqlCommand($"select max(position) from {world.Identity.OutboxTable}", other);
            Assert.True((long)(await read.ExecuteScalarAsync(Cancellation))! > 1_500_000);
        }

        Assert.False(pruning.IsCompleted);
        await transaction.CommitAsync(Cancellation);
        await pruning;
        Assert.Equal(2 * Million, (await BoundsAsync(world))[0]);
    }

    [Fact]
    public async Task Only_what_every_group_is_done_with_and_is_old_is_dropped()
    {
        await using var world = await BusWorld.CreateAsync();
        foreach (var name in new[] { "one", "two" })
        {
            await world.RegisterGroupAsync(name);
        }

        await world.AddEventsAsync(1);
        await SetPositionAsync(world, 1_500_000);
        await world.AddEventsAsync(1);
        await world.ExecuteAsync("update bus.consumer_group set done_through = case name when 'one' then 2500000 else 1999998 end");
        var age = TimeProvider.System.GetUtcNow() - BusWorld.EventTime;

        await new Parts(world).Pruner(age + TimeSpan.FromHours(1)).PassAsync(Cancellation);
        Assert.Equal(Million, (await BoundsAsync(world))[0]);

        var pruner = new Parts(world).Pruner(age - TimeSpan.FromSeconds(1));
        await pruner.PassAsync(Cancellation);
        Assert.Equal(2 * Million, (await BoundsAsync(world))[0]);

        await world.ExecuteAsync("update bus.consumer_group set done_through = 1999999 where name = 'two'");
        await pruner.PassAsync(Cancellation);
        Assert.Equal(2 * Million, (await BoundsAsync(world))[0]);

        await world.ExecuteAsync("update bus.consumer_group set done_through = 2000000 where name = 'two'");
        await pruner.PassAsync(Cancellation);
        Assert.Equal(3 * Million, (await BoundsAsync(world))[0]);
    }

    [Theory]
    [InlineData("now() + interval '10 years'", 0, 2 * Million)]
    [InlineData("now() - interval '10 years'", 24, Million)]
    public async Task The_time_of_an_event_does_not_decide_how_long_it_is_kept(string time, int hours, long first)
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("clocks");
        await using (var connection = await world.Postgres.OpenConnectionAsync(Cancellation))
        {
            await InsertAsync(world, connection, time);
        }

        await SetPositionAsync(world, 1_500_000);
        await world.AddEventsAsync(1);
        await world.ExecuteAsync("update bus.consumer_group set done_through = 1500001");

        await new Parts(world).Pruner(TimeSpan.FromHours(hours)).PassAsync(Cancellation);

        Assert.Equal(first, (await BoundsAsync(world))[0]);
    }

    [Fact]
    public async Task Without_a_group_everything_stays()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.AddEventsAsync(1);
        await SetPositionAsync(world, 1_500_000);

        await new Parts(world).Pruner(TimeSpan.Zero).PassAsync(Cancellation);

        Assert.Equal(Million, (await BoundsAsync(world))[0]);
    }

    [Fact]
    public async Task An_interrupted_detach_or_drop_is_finished_by_the_next_pass()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("interrupted");
        await world.AddEventsAsync(1);
        await SetPositionAsync(world, 2_500_000);
        await world.ExecuteAsync("update bus.consumer_group set done_through = 2500000");
        var table = world.Identity.OutboxTable;

        // The first is detached and not dropped; of the second the detach was interrupted.
        await world.ExecuteAsync($"alter table {table} detach partition {table}_0");
        await using (var reader = await world.Postgres.OpenConnectionAsync(Cancellation))
        {
            await using var transaction = await reader.BeginTransactionAsync(Cancellation);
            await using var read = new NpgsqlCommand($"select count(*) from {table}", reader);
            await read.ExecuteScalarAsync(Cancellation);
            await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
            await using var detach = new NpgsqlCommand($"alter table {table} detach partition {table}_1000000 concurrently", connection)
            {
                CommandTimeout = 1,
            };
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => detach.ExecuteNonQueryAsync(Cancellation));
        }

        Assert.Equal(1L, await world.ScalarAsync("select count(*) from pg_inherits where inhdetachpending"));
        await world.AddEventsAsync(1);
        await new Parts(world).Pruner(TimeSpan.Zero).PassAsync(Cancellation);

        Assert.Equal(3 * Million, (await BoundsAsync(world))[0]);
        Assert.Equal(0L, await world.ScalarAsync($"select count(*) from pg_class where relname in ('{table[4..]}_0', '{table[4..]}_1000000')"));
    }

    [Fact]
    public async Task A_detached_table_that_a_group_needs_or_that_is_young_stays()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("needs");
        await world.AddEventsAsync(1);
        var table = world.Identity.OutboxTable;
        await world.ExecuteAsync($"alter table {table} detach partition {table}_0");

        await new Parts(world).Pruner(TimeSpan.Zero).PassAsync(Cancellation);
        await world.ExecuteAsync("update bus.consumer_group set done_through = 1");
        await new Parts(world).Pruner(TimeSpan.FromDays(3_650)).PassAsync(Cancellation);

        Assert.Equal(1L, await world.ScalarAsync($"select count(*) from {table}_0"));
    }

    [Fact]
    public async Task Two_replicas_drop_at_once()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("rivals");
        await SetPositionAsync(world, 3_500_000);
        await world.ExecuteAsync("update bus.consumer_group set done_through = 3500000");

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new Parts(world).Pruner(TimeSpan.Zero).PassAsync(Cancellation)));

        Assert.Equal(4 * Million, (await BoundsAsync(world))[0]);
    }

    /// <summary>A day at 5,000 events/s, then a quiet one: an hour passes at once.</summary>
    [Fact]
    public async Task Over_days_the_number_of_partitions_stays_flat()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync("days");
        var time = new FakeTimeProvider(BusWorld.EventTime);
        var parts = new Parts(world, time: time);
        var ahead = parts.Ahead();
        var position = 0L;
        var counts = new List<int>();
        for (var hour = 0; hour < 72; hour++)
        {
            // Three looks an hour.
            for (var look = 0; look < 3; look++)
            {
                time.Advance(TimeSpan.FromMinutes(20));
                position += hour < 48 ? 6 * Million : 50_000;
                await SetPositionAsync(world, position);
                await world.ExecuteAsync($"""
                    insert into bus.outbox (stream, position, id, type, source, subject, time, data, created_at)
                    values (
                        {world.Identity.Id}, bus.next_position({world.Identity.Id}), gen_random_uuid(), '', '', '', now(), '',
                        '{time.GetUtcNow():O}');
                    update bus.consumer_group set done_through = {position}
                    """);
                await ahead.PassAsync(Cancellation);
            }

            var simulated = TimeProvider.System.GetUtcNow() - time.GetUtcNow();
            await parts.Pruner(simulated + TimeSpan.FromHours(24)).PassAsync(Cancellation);
            counts.Add((await BoundsAsync(world)).Length);
        }

        Assert.InRange(counts[30..48].Max(), 20, 40);
        Assert.InRange(counts[^1], 1, 40);
        Assert.InRange((long)(await world.ScalarAsync("select count(*) from bus.outbox"))!, 72, 25 * 3);
    }

    private static async Task<long[]> BoundsAsync(BusWorld world)
    {
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        return [.. (await OutboxPartition.ListAsync(connection, world.Identity, Cancellation))
            .Where(partition => partition.PastLast is not null).Select(partition => partition.PastLast!.Value)];
    }

    private static Task SetPositionAsync(BusWorld world, long position) =>
        world.ExecuteAsync($"select setval('bus.position_{world.Identity.Id}', {position})");

    private static async Task InsertAsync(BusWorld world, NpgsqlConnection connection, string time = "now()")
    {
        await using var command = new NpgsqlCommand($"""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data)
            values ({world.Identity.Id}, bus.next_position({world.Identity.Id}), gen_random_uuid(), '{Ping.EventType}', 'tests', '', {time}, '')
            """, connection);
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
