using System.Buffers.Binary;
using FanOut.EventBus.Groups;
using FanOut.TestServers;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class ConsumerUpkeepTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Attack 20. A dump whose delivery times are an hour ahead is what a server holds whose clock went back an hour.</summary>
    [Fact]
    public async Task Entries_become_idle_after_the_clock_of_Redis_went_back()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { Settings = new Dictionary<string, string> { ["enable-debug-command"] = "local" } }, Cancellation);
        await using var world = await BusWorld.CreateAsync(server);
        var group = await world.RegisterGroupAsync("clock", reclaimAfter: GroupWork.Soon);
        await world.PublishAsync(1_500);
        var before = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        await world.ReadAsync(group, 1_000, "lane-1");
        await world.ReadAsync(group, 500, "lane-2");
        await world.Redis.ExecuteAsync("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1);
        var dump = (byte[])(await world.Redis.KeyDumpAsync(world.Key))!;
        Assert.True(MoveTimes(dump, before, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), TimeSpan.FromHours(1)) >= 1_500);
        await world.Redis.KeyDeleteAsync(world.Key);
        await world.Redis.KeyRestoreAsync(world.Key, dump);
        await new Parts(world).ReclaimAsync(group);
        Assert.Equal(1_500, await world.PendingAsync(group));

        await new Parts(world).MaintainConsumersAsync(group);

        Assert.Equal(
            [("lane-1", 1_000), ("lane-2", 500)],
            (await world.Redis.StreamPendingAsync(world.Key, group.Name.Value)).Consumers
                .Select(found => (found.Name.ToString(), found.PendingMessageCount)));
        await BusWorld.UntilAsync(
            async () =>
            {
                await new Parts(world).ReclaimAsync(group);
                return await world.PendingAsync(group) == 0;
            },
            () => "entries to become idle");
    }

    /// <summary>A reclaimer that restarts again and again must not keep entries from becoming idle.</summary>
    [Fact]
    public async Task Entries_that_age_are_not_touched()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("ageing");
        await world.PublishAsync(1);
        await world.ReadAsync(group);
        await BusWorld.UntilAsync(async () => await IdleAsync(world, group) > 50, () => "the entry to age");

        await new Parts(world).MaintainConsumersAsync(group);

        Assert.True(await IdleAsync(world, group) > 50);
    }

    [Fact]
    public async Task Consumers_that_are_gone_and_own_nothing_are_removed()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("gone", reclaimAfter: TimeSpan.FromMilliseconds(300));
        await world.PublishAsync(1);
        await world.ReadAsync(group, consumer: "owner");
        foreach (var consumer in new[] { "gone", "reclaimer-1" })
        {
            await world.Redis.ExecuteAsync("XGROUP", "CREATECONSUMER", world.Key, group.Name.Value, consumer);
        }

        await new Parts(world).MaintainConsumersAsync(group);
        Assert.Equal(["gone", "owner"], await ConsumersAsync(world, group));

        await BusWorld.UntilAsync(
            async () =>
            {
                await world.ReadAsync(group, consumer: "alive");
                await new Parts(world).MaintainConsumersAsync(group);
                return !(await ConsumersAsync(world, group)).Contains("gone");
            },
            () => "the consumer to be removed");

        Assert.Equal(["alive", "owner"], (await ConsumersAsync(world, group)).Append("alive").Distinct().Order());
        Assert.Equal(1, await world.PendingAsync(group));
    }

    /// <summary>Before Redis 7.2 a blocked read does not count as a sign of life.</summary>
    [Fact]
    public async Task A_reader_whose_consumer_was_removed_while_it_blocked_gets_the_next_entry()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("blocked", reclaimAfter: GroupWork.Soon);
        await using var connection = await world.Server.ConnectAsync();
        var read = connection.GetDatabase().ExecuteAsync(
            "XREADGROUP", "GROUP", group.Name.Value, "blocked-1", "BLOCK", 4_000, "STREAMS", world.Key, ">");
        await BusWorld.UntilAsync(
            async () => (await world.Redis.ExecuteAsync("INFO", "clients")).ToString().Contains("blocked_clients:1", StringComparison.Ordinal),
            () => "the read to block");
        await world.Redis.ExecuteAsync("XGROUP", "DELCONSUMER", world.Key, group.Name.Value, "blocked-1");
        await world.PublishAsync(1);

        Assert.False((await read).IsNull);
        Assert.Equal(1, await world.PendingAsync(group));
    }

    private static async Task<string[]> ConsumersAsync(BusWorld world, RegisteredGroup group) =>
        [.. (await world.Redis.StreamConsumerInfoAsync(world.Key, group.Name.Value)).Select(consumer => consumer.Name).Order()];

    private static async Task<long> IdleAsync(BusWorld world, RegisteredGroup group) =>
        (await world.Redis.StreamPendingMessagesAsync(world.Key, group.Name.Value, 1, RedisValue.Null)).Single().IdleTimeInMilliseconds;

    /// <returns>How many times were moved.</returns>
    private static int MoveTimes(Span<byte> dump, long from, long to, TimeSpan by)
    {
        var moved = 0;
        for (var i = 0; i + sizeof(long) <= dump.Length; i++)
        {
            var time = BinaryPrimitives.ReadInt64LittleEndian(dump[i..]);
            if (time >= from && time <= to)
            {
                BinaryPrimitives.WriteInt64LittleEndian(dump[i..], time + (long)by.TotalMilliseconds);
                moved++;
                i += sizeof(long) - 1;
            }
        }

        return moved;
    }
}
