using FanOut.EventBus.Groups;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class PendingReclaimerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Idle_entries_become_retry_rows_that_counted_no_attempt()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("idle", reclaimAfter: GroupWork.Soon);
        var events = await world.PublishAsync(450);
        await world.ReadAsync(group);

        await UntilReclaimedAsync(world, group);

        Assert.Equal(events.Select(item => item.Position), await world.WaitingAsync(group));
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.retry where attempts <> 0 or due_at > clock_timestamp()"));
        Assert.Equal("""{"number":1}""", await world.ScalarAsync("select convert_from(data, 'UTF8') from bus.retry where subject = '1'"));
    }

    [Fact]
    public async Task Entries_that_are_not_idle_stay_with_their_lane()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("busy");
        await world.PublishAsync(3);
        await world.ReadAsync(group);

        await new Parts(world).ReclaimAsync(group);

        Assert.Equal(3, await world.PendingAsync(group));
        Assert.Empty(await world.WaitingAsync(group));
    }

    [Fact]
    public async Task What_was_done_before_a_lost_acknowledgement_is_not_moved()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("done", reclaimAfter: GroupWork.Soon);
        var events = await world.PublishAsync(10);
        await world.ReadAsync(group);
        await world.TakeAsync(group, events[..4]);

        await UntilReclaimedAsync(world, group);

        Assert.Equal(events[4..].Select(item => item.Position), await world.WaitingAsync(group));
    }

    [Fact]
    public async Task One_event_under_two_entries_becomes_one_row()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("twice", reclaimAfter: GroupWork.Soon);
        var events = await world.PublishAsync(3);
        await world.AppendAsync(events);
        await world.ReadAsync(group);

        await UntilReclaimedAsync(world, group);

        Assert.Equal(events.Select(item => item.Position), await world.WaitingAsync(group));
    }

    [Fact]
    public async Task A_type_without_subscription_is_done()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("types", reclaimAfter: GroupWork.Soon);
        var other = await world.AddEventsAsync(1, "test.other");
        await world.AppendAsync(other);
        await world.ReadAsync(group);

        await UntilReclaimedAsync(world, group);

        Assert.Empty(await world.WaitingAsync(group));
        Assert.Equal(1, await world.ProgressAsync(group));
    }

    [Fact]
    public async Task Subscriptions_outlive_a_pause_of_all_workers()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("weekend", reclaimAfter: GroupWork.Soon);
        await world.ExecuteAsync("update bus.subscription set seen_at = now() - interval '3 days'");
        await world.PublishAsync(2);
        await world.ReadAsync(group);

        await UntilReclaimedAsync(world, group);

        Assert.Equal(2, (await world.WaitingAsync(group)).Length);
    }

    [Fact]
    public async Task A_group_that_never_had_a_worker_loses_nothing()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("early", reclaimAfter: GroupWork.Soon);
        await world.ExecuteAsync("delete from bus.subscription");
        await world.PublishAsync(1);
        await world.ReadAsync(group);
        await UntilIdleAsync(world, group, GroupWork.Soon);

        await Assert.ThrowsAsync<InvalidOperationException>(() => new Parts(world).ReclaimAsync(group));

        Assert.Equal(1, await world.PendingAsync(group));
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.inbox"));
    }

    /// <summary>Attacks 4, 27 and 31.</summary>
    [Fact]
    public async Task Strays_and_malformed_entries_die_and_keep_no_neighbour()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("hostile", reclaimAfter: GroupWork.Soon);
        var events = await world.AddEventsAsync(5);
        var forged = events[2] with { Id = Guid.CreateVersion7() };

        // One before the event whose position it claims, one behind it.
        await world.AppendAsync([forged, .. events, forged, events[3] with { Position = 5_000, Type = "a\0b" }]);
        await world.Redis.StreamAddAsync(world.Key, [.. BusWorld.Fields(forged), new NameValueEntry("header", "a\0b\\u0000")]);
        await world.Redis.StreamAddAsync(world.Key, [new("no", "event"), new("bytes", new byte[] { 0, 255, 1 })]);
        await world.ReadAsync(group);

        await UntilReclaimedAsync(world, group);

        Assert.Equal(events.Select(item => item.Position), await world.WaitingAsync(group));
        Assert.Equal(5L, await world.ScalarAsync("select count(*) from bus.retry where state = 'dead' and position is null"));
        Assert.Equal(events[2].Id, await world.ScalarAsync($"select id from bus.retry where position = {events[2].Position}"));
        Assert.Equal(5L, await world.ScalarAsync("select sum(upper(positions) - lower(positions))::int8 from bus.inbox"));
    }

    [Fact]
    public async Task A_crash_before_the_acknowledgement_moves_nothing_twice()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("crash", reclaimAfter: GroupWork.Soon);
        var events = await world.PublishAsync(3);
        await world.Redis.StreamAddAsync(world.Key, "no", "event");
        var entries = await world.ReadAsync(group);
        await UntilReclaimedAsync(world, group);

        // As if the acknowledgement had never come: the same ids are pending again.
        await world.Redis.ExecuteAsync("XGROUP", "SETID", world.Key, group.Name.Value, "0");
        Assert.Equal(entries.Select(entry => entry.Id), (await world.ReadAsync(group)).Select(entry => entry.Id));
        await UntilReclaimedAsync(world, group);

        Assert.Equal(events.Select(item => item.Position), await world.WaitingAsync(group));
        Assert.Equal(4L, await world.ScalarAsync("select count(*) from bus.retry"));
    }

    [Fact]
    public async Task A_slow_lane_does_not_hold_up_other_entries()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("slow", reclaimAfter: GroupWork.Soon);
        var events = await world.PublishAsync(60);
        await world.ReadAsync(group);
        await using (await world.HoldAsync(group, events[17]))
        {
            await UntilIdleAsync(world, group, GroupWork.Soon);
            await new Parts(world).ReclaimAsync(group);

            Assert.Equal(59, (await world.WaitingAsync(group)).Length);
            Assert.Equal(1, await world.PendingAsync(group));
        }

        await UntilReclaimedAsync(world, group);
        Assert.Equal(60, (await world.WaitingAsync(group)).Length);
    }

    [Fact]
    public async Task A_refused_row_does_not_hold_up_other_entries()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("refused", reclaimAfter: GroupWork.Soon);
        var events = await world.PublishAsync(20);
        await world.ExecuteAsync("alter table bus.retry add constraint refused check (subject <> '7')");
        await world.ReadAsync(group);
        await UntilIdleAsync(world, group, GroupWork.Soon);

        await Assert.ThrowsAsync<PostgresException>(() => new Parts(world).ReclaimAsync(group));

        Assert.Equal(19, (await world.WaitingAsync(group)).Length);
        Assert.Equal(1, await world.PendingAsync(group));
        Assert.Equal(19, await world.ScalarAsync("select sum(upper(positions) - lower(positions))::int from bus.inbox"));
    }

    [Fact]
    public async Task What_a_slow_lane_holds_is_due_again_soon()
    {
        await using var world = await BusWorld.CreateAsync();
        var limit = TimeSpan.FromSeconds(60);
        var group = await world.RegisterGroupAsync("again", reclaimAfter: limit);
        var events = await world.PublishAsync(1);
        var entries = await world.ReadAsync(group);
        await world.Redis.ExecuteAsync("XCLAIM", world.Key, group.Name.Value, "lane", 0, entries[0].Id, "IDLE", 70_000, "JUSTID");
        await using var held = await world.HoldAsync(group, events);

        await new Parts(world).ReclaimAsync(group);

        var pending = Assert.Single(await world.Redis.StreamPendingMessagesAsync(world.Key, group.Name.Value, 1, RedisValue.Null));
        Assert.InRange(pending.IdleTimeInMilliseconds, 55_000, 59_999);
    }

    /// <summary>Attack 22: a claim by a replica without Postgres would keep the entries from the others.</summary>
    [Fact]
    public async Task A_replica_without_Postgres_claims_nothing()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("cut-off", reclaimAfter: GroupWork.Soon);
        await world.PublishAsync(5);
        await world.ReadAsync(group);
        await UntilIdleAsync(world, group, GroupWork.Soon);
        await using var nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=postgres;Timeout=2");

        await Assert.ThrowsAnyAsync<NpgsqlException>(() => new Parts(world, "cut-off-1", nowhere).ReclaimAsync(group));

        Assert.Equal("lane", Assert.Single((await world.Redis.StreamPendingAsync(world.Key, group.Name.Value)).Consumers).Name);
    }

    [Fact]
    public async Task Deleted_entries_leave_the_pending_list()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("deleted", reclaimAfter: GroupWork.Soon);
        var events = await world.PublishAsync(300);
        var entries = await world.ReadAsync(group);
        await world.Redis.StreamDeleteAsync(world.Key, [.. entries.Take(290).Select(entry => entry.Id)]);

        await UntilReclaimedAsync(world, group);

        Assert.Equal(events[290..].Select(item => item.Position), await world.WaitingAsync(group));
    }

    [Fact]
    public async Task A_missing_group_is_created_at_the_beginning_of_the_stream()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("missing");
        await world.PublishAsync(3);
        await world.Redis.StreamDeleteConsumerGroupAsync(world.Key, group.Name.Value);

        await new Parts(world).ReclaimAsync(group);

        Assert.Equal(3, (await world.ReadAsync(group)).Length);
    }

    [Fact]
    public async Task A_group_that_was_unregistered_does_not_come_back()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("unregistered");
        await world.Groups.UnregisterAsync(world.Identity, group.Name, Cancellation);

        await new Parts(world).ReclaimAsync(group);
        await new Parts(world).MaintainConsumersAsync(group);

        Assert.Empty(await world.Redis.StreamGroupInfoAsync(world.Key));
    }

    [Fact]
    public async Task Two_replicas_and_a_lane_take_each_event_once()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("rivals", reclaimAfter: GroupWork.Soon);
        var events = await world.PublishAsync(600);
        await world.ReadAsync(group);
        await UntilIdleAsync(world, group, GroupWork.Soon);

        await Task.WhenAll(
            new Parts(world, "one").ReclaimAsync(group), new Parts(world, "two").ReclaimAsync(group), world.TakeAsync(group, events[100..300]));
        await UntilReclaimedAsync(world, group);

        Assert.Equal(600L, await world.ScalarAsync("select sum(upper(positions) - lower(positions))::int8 from bus.inbox"));
        Assert.Equal(600 - await world.ProgressAsync(group), (await world.WaitingAsync(group)).Distinct().Count());
    }

    /// <summary>Attack 4.</summary>
    [Fact]
    public async Task A_stream_of_another_system_is_left_alone()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("foreign", reclaimAfter: GroupWork.Soon);
        await world.Redis.HashSetAsync(StreamKeys.Relay(world.Stream), [new("outbox", Guid.NewGuid().ToString()), new("position", 7)]);
        await world.AppendAsync(new TestEvent(7, Guid.CreateVersion7(), Ping.EventType, 7));
        await world.ReadAsync(group);
        await UntilIdleAsync(world, group, GroupWork.Soon);

        await new Parts(world).ReclaimAsync(group);

        Assert.Equal(1, await world.PendingAsync(group));
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.retry"));
    }

    private static Task UntilReclaimedAsync(BusWorld world, RegisteredGroup group) => BusWorld.UntilAsync(
        async () =>
        {
            await new Parts(world).ReclaimAsync(group);
            return await world.PendingAsync(group) == 0;
        },
        () => $"{group.Name} to be reclaimed");

    private static Task UntilIdleAsync(BusWorld world, RegisteredGroup group, TimeSpan idle) => BusWorld.UntilAsync(
        async () => (await world.Redis.StreamPendingMessagesAsync(world.Key, group.Name.Value, 1_000, RedisValue.Null))
            .All(entry => entry.IdleTimeInMilliseconds > idle.TotalMilliseconds),
        () => "entries to be idle");
}
