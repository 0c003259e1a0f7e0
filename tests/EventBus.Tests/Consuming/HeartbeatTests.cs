using FanOut.EventBus.Consuming;
using FanOut.EventBus.Tests.Reclaiming;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Consuming;

public sealed class HeartbeatTests
{
    [Fact]
    public async Task A_lane_that_wakes_up_late_renews_what_it_still_holds_and_takes_nothing_back()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        await world.Bus.PublishAsync(10);
        var ids = await world.ReadAsync("late", 10);
        await world.AgeAsync("late", ids);

        // Meanwhile some were given to another lane, which has worked on them for half a minute.
        object[] claim = [world.Key, ReclaimingWorld.Group.Value, "other", 0, .. ids[3..6], "IDLE", 30_000, "JUSTID"];
        await world.Redis.ExecuteAsync("XCLAIM", claim);
        var late = new LaneRedis(world.Bus.Connection, world.Bus.Connection, world.Stream, ReclaimingWorld.Group, "late", new ConsumerOptions { ReclaimAfter = ReclaimingWorld.ReclaimAfter });

        Assert.Equal(0, await late.HeartbeatAsync((ids[0], ids[^1]), (RedisValue.EmptyString, RedisValue.EmptyString)));

        var pending = await world.Redis.StreamPendingMessagesAsync(world.Key, ReclaimingWorld.Group.Value, 100, RedisValue.Null);
        Assert.Equal(ids[3..6], pending.Where(entry => entry.ConsumerName == "other").Select(entry => entry.MessageId));
        Assert.All(pending, entry => Assert.Equal(entry.ConsumerName == "other", entry.IdleTimeInMilliseconds >= 30_000));
    }
}
