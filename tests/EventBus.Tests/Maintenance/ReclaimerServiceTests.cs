using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class ReclaimerServiceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_replicas_look_after_groups_that_come_and_go()
    {
        await using var world = await BusWorld.CreateAsync();
        var first = await world.RegisterGroupAsync("first", reclaimAfter: GroupWork.Soon);
        await StartAsync(world);
        await StartAsync(world);
        var events = await world.PublishAsync(300);
        await world.Redis.HashSetAsync(StreamKeys.Relay(world.Stream), "position", events[^1].Position);
        await world.ReadAsync(first);
        var second = await world.RegisterGroupAsync("second", reclaimAfter: GroupWork.Soon);
        await world.Redis.StreamDeleteConsumerGroupAsync(world.Key, second.Name.Value);
        await BusWorld.UntilAsync(
            async () => (await world.Redis.StreamGroupInfoAsync(world.Key)).Any(info => info.Name == "second"),
            () => "the group to be created again");
        await world.ReadAsync(second);

        foreach (var group in new[] { first, second })
        {
            await BusWorld.UntilAsync(async () => await world.DoneThroughAsync(group) == events[^1].Position, () => $"{group.Name} to be raised");
            Assert.Equal(events.Select(item => item.Position), await world.WaitingAsync(group));
        }

        await BusWorld.UntilAsync(async () => await world.Redis.StreamLengthAsync(world.Key) <= 200, () => "the stream to be trimmed");
        await BusWorld.UntilAsync(
            async () => (await world.Redis.StreamConsumerInfoAsync(world.Key, "first")).All(info => info.Name != "lane"), () => "the consumer to go");

        // Unregistered, a group holds nothing back and does not come again.
        var builder = world.CreateHost();
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddGroupAdministration());
        using var host = builder.Build();
        var administration = host.Services.GetRequiredService<ConsumerGroupAdministration>();
        Assert.True(await administration.UnregisterAsync(second.Name, Cancellation));
        Assert.False(await administration.UnregisterAsync(second.Name, Cancellation));
        var more = await world.PublishAsync(300);
        await world.HandleAsync(first, more);
        await BusWorld.UntilAsync(
            async () => await world.Redis.StreamLengthAsync(world.Key) <= 200, () => "the stream to be trimmed again");
        Assert.Equal(["first"], (await world.Redis.StreamGroupInfoAsync(world.Key)).Select(info => info.Name));
    }

    [Fact]
    public async Task A_concern_or_a_group_that_fails_stops_no_other()
    {
        await using var world = await BusWorld.CreateAsync();
        var good = await world.RegisterGroupAsync("good", reclaimAfter: GroupWork.Soon);
        var bad = await world.RegisterGroupAsync("bad", reclaimAfter: GroupWork.Soon);
        await world.ExecuteAsync($"delete from bus.subscription where group_id = {bad.Id}");
        await world.ExecuteAsync($"alter sequence bus.position_{world.Identity.Id} rename to away");
        await StartAsync(world);
        await world.ExecuteAsync($"alter sequence bus.away rename to position_{world.Identity.Id}");
        var events = await world.PublishAsync(5);
        await world.ExecuteAsync($"alter sequence bus.position_{world.Identity.Id} rename to away");
        await world.ReadAsync(bad);
        await world.ReadAsync(good);

        await BusWorld.UntilAsync(async () => await world.DoneThroughAsync(good) == events[^1].Position, () => "the good group to be raised");

        Assert.Equal(5, (await world.WaitingAsync(good)).Length);
        Assert.Equal(5, await world.PendingAsync(bad));

        // And what failed goes on by itself.
        await world.ExecuteAsync($"alter sequence bus.away rename to position_{world.Identity.Id}");
        await world.Groups.SubscribeAsync(bad, [Ping.EventType], Cancellation);
        await BusWorld.UntilAsync(async () => (await world.WaitingAsync(bad)).Length == 5, () => "the bad group to be reclaimed");
        await world.ExecuteAsync($"select setval('bus.position_{world.Identity.Id}', 2500000)");
        await BusWorld.UntilAsync(
            async () => await world.ScalarAsync($"select to_regclass('{world.Identity.OutboxTable}_18000000')::text") is string,
            () => "partitions to be added");
    }

    [Fact]
    public async Task A_reclaimer_samples_the_stream_and_maintains_the_retry_queue()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("group");
        var events = await world.PublishAsync(3);
        await world.ExecuteAsync(
            $"""
            insert into bus.retry (group_id, position, id, type, time, data, state, attempts, due_at)
            select
                {group.Id}, position, id, case position when {events[2].Position} then 'gone' else type end, time, data,
                case position when {events[2].Position} then 'waiting' else 'dead' end, 4,
                now() - case position when {events[0].Position} then interval '91 days' else interval '2 hours' end
            from {world.Identity.OutboxTable}
            """);
        await world.ExecuteAsync($"update bus.subscription set seen_at = now() - interval '1 minute' where group_id = {group.Id}");
        await StartAsync(world);

        await BusWorld.UntilAsync(
            async () => await world.ScalarAsync($"select count(*) from bus.retry where position = {events[0].Position}") is 0L,
            () => "the old dead letter to be removed");
        await BusWorld.UntilAsync(
            async () => await world.ScalarAsync($"select state from bus.retry where position = {events[2].Position}") is "dead",
            () => "the event of an unknown type to be retired");
        await BusWorld.UntilAsync(
            async () => await world.Redis.StreamLengthAsync(StreamKeys.DeadLetters(world.Stream, group.Name)) >= 2,
                () => "the dead letters to be mirrored");
        await BusWorld.UntilAsync(
            async () => await world.ScalarAsync("select count(*) from bus.kafka_trigger_hour") is 1L, () => "the Kafka trigger to be evaluated");
    }

    [Fact]
    public async Task Settings_of_a_stream_win_and_wrong_ones_are_named()
    {
        await using var world = await BusWorld.CreateAsync();
        var builder = world.CreateHost();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["EventBus:Reclaimer:LagWarning"] = "00:00:07",
            ["EventBus:Reclaimer:Interval"] = "00:00:07",
            [$"EventBus:Streams:{world.Stream}:Reclaimer:Interval"] = "00:02:00",
        });
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddReclaimer());
        using var host = builder.Build();

        var e = Assert.Throws<OptionsValidationException>(
            () => host.Services.GetRequiredService<IOptionsMonitor<ReclaimerOptions>>().Get(world.Stream.Value));

        Assert.Contains(
            $"EventBus:Streams:{world.Stream}:Reclaimer:Interval must be from 00:00:00.0100000 to 00:01:00", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("LagWarning", e.Message, StringComparison.Ordinal);
    }

    private static async Task StartAsync(BusWorld world)
    {
        var builder = world.CreateHost();
        builder.AddEventBus().AddStream(
            world.Stream.Value, stream => stream.AddReclaimer(options => options.Interval = TimeSpan.FromMilliseconds(20)));
        await world.StartAsync(builder);
    }
}
