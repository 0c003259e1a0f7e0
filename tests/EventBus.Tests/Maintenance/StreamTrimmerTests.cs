using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class StreamTrimmerTests
{
    [Fact]
    public async Task What_every_group_has_acknowledged_is_removed_and_nothing_else()
    {
        await using var world = await BusWorld.CreateAsync();
        var fast = await world.RegisterGroupAsync("fast");
        var slow = await world.RegisterGroupAsync("slow");
        await world.PublishAsync(1_000);
        var entries = await world.ReadAsync(fast);
        await world.Redis.StreamAcknowledgeAsync(world.Key, "fast", [.. entries.Select(entry => entry.Id)]);
        await world.ReadAsync(slow, 700);
        await world.Redis.StreamAcknowledgeAsync(world.Key, "slow", [.. entries.Take(450).Concat(entries[460..700]).Select(entry => entry.Id)]);

        // A group of somebody else does not count.
        await world.Redis.StreamCreateConsumerGroupAsync(world.Key, "stranger", StreamPosition.Beginning);
        await new Parts(world).TrimAsync();

        var first = (await world.Redis.StreamRangeAsync(world.Key, count: 1))[0].Id;
        Assert.Contains(first, entries.Skip(300).Take(151).Select(entry => entry.Id));
    }

    [Fact]
    public async Task A_group_that_has_read_nothing_keeps_everything()
    {
        await using var world = await BusWorld.CreateAsync();
        var fast = await world.RegisterGroupAsync("fast");
        await world.RegisterGroupAsync("idle");
        await world.PublishAsync(500);
        var entries = await world.ReadAsync(fast);
        await world.Redis.StreamAcknowledgeAsync(world.Key, "fast", [.. entries.Select(entry => entry.Id)]);

        await new Parts(world).TrimAsync();

        Assert.Equal(500, await world.Redis.StreamLengthAsync(world.Key));
    }

    [Fact]
    public async Task Nothing_is_removed_while_a_registered_group_is_missing()
    {
        await using var world = await BusWorld.CreateAsync();
        var fast = await world.RegisterGroupAsync("fast");
        await world.RegisterGroupAsync("missing");
        await world.PublishAsync(500);
        var entries = await world.ReadAsync(fast);
        await world.Redis.StreamAcknowledgeAsync(world.Key, "fast", [.. entries.Select(entry => entry.Id)]);
        await world.Redis.StreamDeleteConsumerGroupAsync(world.Key, "missing");

        await new Parts(world).TrimAsync();

        Assert.Equal(500, await world.Redis.StreamLengthAsync(world.Key));
    }

    [Fact]
    public async Task Far_future_ids_are_trimmed_like_others()
    {
        await using var world = await BusWorld.CreateAsync();
        var one = await world.RegisterGroupAsync("one");
        var two = await world.RegisterGroupAsync("two");
        await world.Redis.StreamAddAsync(world.Key, "no", "event", "9999999999999999999-0");
        await world.PublishAsync(1_000);
        foreach (var group in new[] { one, two })
        {
            var entries = await world.ReadAsync(group);
            var done = entries.Take(group == one ? 1_001 : 700);
            await world.Redis.StreamAcknowledgeAsync(world.Key, group.Name.Value, [.. done.Select(entry => entry.Id)]);
        }

        await new Parts(world).TrimAsync();

        // Whole nodes of about 100 entries go.
        Assert.InRange(await world.Redis.StreamLengthAsync(world.Key), 301, 450);
    }

    [Fact]
    public async Task A_call_removes_a_bounded_number()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("bounded");
        await world.Redis.ScriptEvaluateAsync(
            "for i = 1, 25000 do redis.call('XADD', KEYS[1], '*', 'no', 'event') end", [world.Key]);
        var entries = await world.ReadAsync(group, 25_000);
        await world.Redis.StreamAcknowledgeAsync(world.Key, group.Name.Value, [.. entries.Select(entry => entry.Id)]);

        Assert.True(await new Parts(world).TrimAsync());
        Assert.InRange(await world.Redis.StreamLengthAsync(world.Key), 14_000, 16_000);
        Assert.True(await new Parts(world).TrimAsync());
        while (await new Parts(world).TrimAsync())
        {
            // There is more.
        }

        Assert.InRange(await world.Redis.StreamLengthAsync(world.Key), 1, 200);
    }
}
