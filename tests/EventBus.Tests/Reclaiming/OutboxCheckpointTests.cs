using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Tests.Publishing;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Reclaiming;

/// <summary>A checkpoint says that all below is done: whatever is on the stream, it never passes an event that the outbox has given an id and that was not delivered.</summary>
public sealed class OutboxCheckpointTests
{
    private static readonly GroupName Group = new("g");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_foreign_entry_above_ids_that_are_still_to_be_appended_takes_no_checkpoint_past_them()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.StartWorkerAsync("g");
        long last;
        RelayBatch waiting;
        await using (var leader = await world.LeadByHandAsync())
        {
            await world.AddAsync(10);
            await leader.PublishAsync();
            await world.Bus.AssertEachOnceAsync("g", 10);
            last = EntryId.Parse((await world.EntriesAsync())[^1].Id!).Value;
            await PassAsync(world);
            await world.AddAsync(10, 11);
            waiting = (await leader.FixAsync())!;
        }

        await DeliverForeignAsync(world, $"{waiting.Milliseconds + 1}-0");
        await PassAsync(world);
        Assert.Equal(last, await CheckpointAsync(world));

        var relay = await world.StartRelayAsync();
        await world.Bus.AssertEachOnceAsync("g", 20);
        await PassAsync(world);
        Assert.Equal(EntryId.Parse((await world.EntriesAsync())[^1].Id!).Value, await CheckpointAsync(world));
        await OutboxWorld.StopAsync(relay);
    }

    [Fact]
    public async Task A_foreign_entry_above_entries_that_redis_lost_takes_no_checkpoint_past_them()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.AddAsync(20);
        StreamEntry[] before;
        await using (var leader = await world.LeadByHandAsync())
        {
            await leader.PublishAsync();
            before = await world.EntriesAsync();
        }

        // A failover to a replica that lagged, before any group had read the second half.
        await world.Redis.StreamDeleteAsync(world.Key, [.. before[10..].Select(entry => entry.Id)]);
        await world.Redis.ExecuteAsync("XSETID", world.Key, before[9].Id);
        await world.Bus.StartWorkerAsync("g");
        await world.Bus.AssertEachOnceAsync("g", 10);
        await DeliverForeignAsync(world, $"{EntryId.Parse(before[^1].Id!).Milliseconds + 1}-0");
        await PassAsync(world);
        Assert.True(await CheckpointAsync(world) <= EntryId.Parse(before[9].Id!).Value);

        var relay = await world.StartRelayAsync();
        await world.Bus.AssertEachOnceAsync("g", 20);
        Assert.Equal(before.Select(entry => entry.Id), (await world.EntriesAsync()).Select(entry => entry.Id));
        await OutboxWorld.StopAsync(relay);
    }

    [Fact]
    public async Task A_checkpoint_stays_below_ids_that_the_outbox_is_yet_to_give()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.StartWorkerAsync("g");
        await using var leader = await world.LeadByHandAsync();
        await world.AddAsync(3);
        await leader.PublishAsync();
        await world.Bus.AssertEachOnceAsync("g", 3);
        var last = EntryId.Parse((await world.EntriesAsync())[^1].Id!).Value;

        // Its id is of a clock that is far ahead: the outbox goes on below it.
        await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", $"{TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds()}-0");
        await UntilDeadLetteredAsync(world);
        await PassAsync(world);

        Assert.Equal(last, await CheckpointAsync(world));
    }

    [Fact]
    public async Task Where_entries_were_trimmed_the_floor_stands_for_them()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.StartWorkerAsync("g");
        await using var leader = await world.LeadByHandAsync();
        await world.AddAsync(3);
        await leader.PublishAsync();
        await world.Bus.AssertEachOnceAsync("g", 3);
        var last = EntryId.Parse((await world.EntriesAsync())[^1].Id!).Value;
        await world.Redis.StreamTrimAsync(world.Key, 0);
        await PassAsync(world);
        Assert.True(await CheckpointAsync(world) < last);

        await world.ExecuteAsync($"update bus.outbox_stream set trim_floor = {last}");
        await PassAsync(world);
        Assert.Equal(last, await CheckpointAsync(world));
    }

    [Fact]
    public async Task A_group_that_starts_now_starts_behind_the_outbox_s_last_id_also_while_redis_has_lost_it()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var leader = await world.LeadByHandAsync();
        await world.AddAsync(3);
        await leader.PublishAsync();
        var last = EntryId.Parse((await world.EntriesAsync())[^1].Id!).Value;
        await world.Redis.KeyDeleteAsync(world.Key);

        using var host = world.Build();
        await host.Services.GetRequiredService<ConsumerGroups>().RegisterAsync(world.Stream, Group, new ConsumerOptions { Start = GroupStart.Now }, Cancellation);

        Assert.Equal(last, await CheckpointAsync(world));
    }

    private static async Task DeliverForeignAsync(OutboxWorld world, string id)
    {
        await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", id);
        await UntilDeadLetteredAsync(world);
    }

    private static async Task UntilDeadLetteredAsync(OutboxWorld world)
    {
        await BusWorld.UntilAsync(async () => await world.ScalarAsync("select count(*) from bus.dead_letters where projected_at is not null") is 1L, () => "the foreign entry's dead letter");
        await world.Bus.UntilPendingAsync("g", 0);
    }

    private static async Task PassAsync(OutboxWorld world)
    {
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddReclaimer();
        using var host = builder.Build();
        await ReclaimingWorld.PassAsync(host.Services);
    }

    private static async Task<long> CheckpointAsync(OutboxWorld world) => (long)(await world.ScalarAsync("select checkpoint from bus.consumer_group"))!;
}
