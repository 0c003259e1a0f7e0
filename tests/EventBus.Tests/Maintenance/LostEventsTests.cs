using FanOut.EventBus.Maintenance;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class LostEventsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_the_stream_lost_comes_from_the_outbox_once()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("lost");
        var events = await world.AddEventsAsync(10);
        await world.AppendAsync(events[8..]);
        await RelayAtAsync(world, events[9].Position);
        await world.HandleAsync(group, events[8..]);
        LostEvents[] replicas = [new Parts(world, "one").LostEvents(group), new Parts(world, "two").LostEvents(group)];

        for (var pass = 0; pass < 3; pass++)
        {
            await Task.WhenAll(replicas.Select(replica => replica.PassAsync(Cancellation)));
        }

        Assert.Equal(events[..8].Select(item => item.Position), await world.WaitingAsync(group));
        Assert.Equal("tests:1", await world.ScalarAsync("select source || ':' || subject from bus.retry where position = 1"));
        Assert.Equal(2, await world.ProgressAsync(group));
    }

    [Fact]
    public async Task What_is_undelivered_or_pending_is_not_lost()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("coming");
        var events = await world.PublishAsync(4);
        await RelayAtAsync(world, events[3].Position);
        await world.ReadAsync(group, 2);
        var lost = new Parts(world).LostEvents(group);
        await PassAsync(lost, 3);
        Assert.Empty(await world.WaitingAsync(group));

        var rest = await world.ReadAsync(group);
        await PassAsync(lost, 3);
        Assert.Empty(await world.WaitingAsync(group));

        // Acknowledged without a trace: Postgres has lost what was done.
        await world.Redis.StreamAcknowledgeAsync(world.Key, group.Name.Value, [.. rest.Select(entry => entry.Id)]);
        await PassAsync(lost, 3);
        Assert.Empty(await world.WaitingAsync(group));
        var pending = await world.Redis.StreamPendingMessagesAsync(world.Key, group.Name.Value, 10, RedisValue.Null);
        await world.Redis.StreamAcknowledgeAsync(world.Key, group.Name.Value, [.. pending.Select(entry => entry.MessageId)]);
        await PassAsync(lost, 3);
        Assert.Equal(events.Select(item => item.Position), await world.WaitingAsync(group));
    }

    [Fact]
    public async Task What_was_trimmed_before_it_was_delivered_is_lost()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("trimmed");
        var events = await world.PublishAsync(3);
        await RelayAtAsync(world, events[2].Position);
        await world.Redis.StreamTrimAsync(world.Key, 0);

        await PassAsync(new Parts(world).LostEvents(group), 3);

        Assert.Equal(events.Select(item => item.Position), await world.WaitingAsync(group));
    }

    /// <summary>Nothing comes later that would show it.</summary>
    [Fact]
    public async Task Newest_entries_that_somebody_deleted_on_a_quiet_stream_are_lost()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("quiet");
        var events = await world.AddEventsAsync(3);
        var ids = await world.AppendAsync(events);
        await RelayAtAsync(world, events[2].Position);
        await world.HandleAsync(group, events[..1]);
        await world.Redis.StreamDeleteAsync(world.Key, ids[1..]);

        await PassAsync(new Parts(world).LostEvents(group), 3);

        Assert.Equal(events[1..].Select(item => item.Position), await world.WaitingAsync(group));
    }

    /// <summary>Attack 25.</summary>
    [Fact]
    public async Task A_stream_with_lower_ids_gets_a_new_note()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("anew");
        var events = await world.AddEventsAsync(6);
        await world.Redis.StreamAddAsync(world.Key, BusWorld.Fields(events[0]), "18446744073709551000-5");
        await RelayAtAsync(world, events[0].Position);
        var lost = new Parts(world).LostEvents(group);
        await PassAsync(lost, 1);
        await world.Redis.KeyDeleteAsync(world.Key);
        await world.Groups.CreateInRedisAsync(group);
        await world.AppendAsync(events[1..]);
        await RelayAtAsync(world, events[5].Position);
        await PassAsync(lost, 3);
        Assert.Empty(await world.WaitingAsync(group));

        await world.HandleAsync(group, events[1..]);
        await PassAsync(lost, 4);

        Assert.Equal([events[0].Position], await world.WaitingAsync(group));
    }

    /// <summary>Attack 25: ids are compared as text, so that neither a long id nor one in the same millisecond misleads.</summary>
    [Theory]
    [InlineData("9-1", "10-1")]
    [InlineData("10-9", "10-10")]
    [InlineData("9007199254740993-1", "9007199254740993-2")]
    [InlineData("18446744073709551614-1", "18446744073709551615-18446744073709551615")]
    public async Task Ids_are_compared_without_loss(string first, string second)
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("ids");
        var events = await world.AddEventsAsync(3);
        await world.Redis.StreamAddAsync(world.Key, BusWorld.Fields(events[0]), first);
        await world.Redis.StreamAddAsync(world.Key, BusWorld.Fields(events[1]), second);
        await RelayAtAsync(world, events[2].Position);
        var lost = new Parts(world).LostEvents(group);
        var entries = await world.ReadAsync(group, 1);
        await world.TakeAsync(group, events[0]);
        await world.Redis.StreamAcknowledgeAsync(world.Key, group.Name.Value, entries[0].Id);
        await PassAsync(lost, 3);
        Assert.Empty(await world.WaitingAsync(group));

        entries = await world.ReadAsync(group, 1);
        await PassAsync(lost, 3);
        Assert.Empty(await world.WaitingAsync(group));
        await world.TakeAsync(group, events[1]);
        await world.Redis.StreamAcknowledgeAsync(world.Key, group.Name.Value, entries[0].Id);
        await PassAsync(lost, 3);
        Assert.Equal([events[2].Position], await world.WaitingAsync(group));
    }

    /// <summary>Attack 10: a range that was deleted below done_through is not taken a second time.</summary>
    [Fact]
    public async Task An_event_that_is_done_and_raised_over_meanwhile_is_not_brought()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("meanwhile");
        var events = await world.AddEventsAsync(5);
        await RelayAtAsync(world, events[4].Position);
        var lost = new Parts(world).LostEvents(group);
        await PassAsync(lost, 1);
        Task second;
        await using (var held = await world.HoldAsync(group, events))
        {
            // It finds them missing, and waits for the lane's transaction.
            second = lost.PassAsync(Cancellation);
            await BusWorld.UntilAsync(
                async () => (long)(await world.ScalarAsync("select count(*) from pg_locks where not granted"))! > 0, () => "the second to wait");
            await held.CommitAsync(
                [
                    new($"update bus.consumer_group set done_through = {events[4].Position}, done_through_events = 5 where id = {group.Id}"),
                    new($"delete from bus.inbox where group_id = {group.Id}"),
                ],
                Cancellation);
        }

        await second;

        Assert.Empty(await world.WaitingAsync(group));
        Assert.Equal(5, await world.ProgressAsync(group));
    }

    [Fact]
    public async Task Many_lost_events_come_in_steps_while_few_wait()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("many");
        var events = await world.AddEventsAsync(17_000);
        await RelayAtAsync(world, events[^1].Position);
        var lost = new Parts(world).LostEvents(group);
        await PassAsync(lost, 1);

        Assert.True(await lost.PassAsync(Cancellation));
        Assert.Equal(5_000, (await world.WaitingAsync(group)).Length);
        Assert.True(await lost.PassAsync(Cancellation));
        Assert.False(await lost.PassAsync(Cancellation));
        Assert.Equal(10_000, (await world.WaitingAsync(group)).Length);

        await world.ExecuteAsync("delete from bus.retry");
        while (await lost.PassAsync(Cancellation))
        {
            // There is more.
        }

        Assert.Equal(events[10_000..].Select(item => item.Position), await world.WaitingAsync(group));
    }

    [Fact]
    public async Task Types_without_subscription_are_done()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("types");
        var other = await world.AddEventsAsync(2, "test.other");
        var mine = await world.AddEventsAsync(1);
        await RelayAtAsync(world, mine[0].Position);

        await PassAsync(new Parts(world).LostEvents(group), 3);

        Assert.Equal(mine.Select(item => item.Position), await world.WaitingAsync(group));
        Assert.Equal(other.Length, await world.ProgressAsync(group));
    }

    [Fact]
    public async Task A_stream_of_another_system_loses_nothing()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("foreign");
        var events = await world.AddEventsAsync(1);
        await RelayAtAsync(world, events[0].Position);
        await world.Redis.HashSetAsync(StreamKeys.Relay(world.Stream), "outbox", Guid.NewGuid().ToString());

        await PassAsync(new Parts(world).LostEvents(group), 3);

        Assert.Empty(await world.WaitingAsync(group));
    }

    private static async Task RelayAtAsync(BusWorld world, long position)
    {
        var outbox = (Guid)(await world.ScalarAsync($"select outbox from bus.stream where id = {world.Identity.Id}"))!;
        await world.Redis.HashSetAsync(StreamKeys.Relay(world.Stream), [new("outbox", outbox.ToString()), new("position", position)]);
    }

    private static async Task PassAsync(LostEvents lost, int passes)
    {
        for (; passes > 0; passes--)
        {
            await lost.PassAsync(Cancellation);
        }
    }
}
