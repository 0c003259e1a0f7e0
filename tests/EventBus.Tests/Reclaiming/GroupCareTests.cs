using FanOut.EventBus.Reclaiming;

namespace FanOut.EventBus.Tests.Reclaiming;

public sealed class GroupCareTests
{
    [Fact]
    public async Task A_consumer_with_pending_entries_is_never_deleted()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(1);
        await world.ReadAsync("dead-with-work", 1);
        foreach (var idle in new[] { "dead", "asleep", "live", StreamKeys.ParkedConsumer })
        {
            await world.Redis.ExecuteAsync("XGROUP", "CREATECONSUMER", world.Key, ReclaimingWorld.Group.Value, idle);
            await world.Redis.ExecuteAsync("XGROUP", "CREATECONSUMER", world.Redrive, ReclaimingWorld.Group.Value, idle);
        }

        await world.BeatAsync("live", "asleep");
        await world.Redis.SortedSetDecrementAsync(world.Lanes, "asleep", (ReclaimingWorld.ReclaimAfter / 2).TotalMilliseconds);
        await world.Redis.SortedSetAddAsync(world.Lanes, "dead", 1);

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Equal(["asleep", "dead-with-work", "live", StreamKeys.ParkedConsumer], await world.ConsumersAsync());
        Assert.Equal(["asleep", "live", StreamKeys.ParkedConsumer], await world.ConsumersAsync(world.Redrive));
        Assert.Equal(["asleep", "live"], (await world.Redis.SortedSetRangeByRankAsync(world.Lanes)).Select(lane => lane.ToString()));
        Assert.Single(await world.PendingAsync());
    }

    [Theory]
    [InlineData("the group")]
    [InlineData("the stream")]
    [InlineData("the redrive stream")]
    public async Task A_lost_group_is_created_at_its_checkpoint(string lost)
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        var ids = await world.Bus.PublishAsync(5);
        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, (await world.ReadAsync("lane", 5))[..3]);
        await ReclaimingWorld.PassAsync(reclaimer);
        _ = lost switch
        {
            "the group" => await world.Redis.StreamDeleteConsumerGroupAsync(world.Key, ReclaimingWorld.Group.Value),
            "the stream" => await world.Redis.KeyDeleteAsync(world.Key),
            _ => await world.Redis.KeyDeleteAsync(world.Redrive),
        };

        await ReclaimingWorld.PassAsync(reclaimer);

        var checkpoint = EntryId.FromInt64(EntryId.Parse(ids[3].ToString()).Value - 1);
        Assert.Equal(checkpoint, await world.CheckpointAsync());
        var created = Assert.Single(await world.Redis.StreamGroupInfoAsync(world.Key));
        Assert.Equal(lost == "the redrive stream" ? ids[4].ToString() : checkpoint.ToString(), created.LastDeliveredId);
        Assert.Single(await world.Redis.StreamGroupInfoAsync(world.Redrive));
        if (lost == "the group")
        {
            Assert.Equal(ids[3..], await world.ReadAsync("lane", 10));
        }
    }

    [Fact]
    public async Task A_checkpoint_stays_below_the_lowest_unfinished_entry_and_is_only_raised()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(10);
        var ids = await world.ReadAsync("lane", 6);
        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, [ids[0], ids[1], ids[3], ids[5]]);
        await world.BeatAsync("lane");

        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal(EntryId.Parse(ids[2].ToString()).Value - 1, (await world.CheckpointAsync()).Value);

        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, [ids[2], ids[4]]);
        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal(ids[5].ToString(), (await world.CheckpointAsync()).ToString());

        await world.Redis.ExecuteAsync("XGROUP", "SETID", world.Key, ReclaimingWorld.Group.Value, "0");
        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal(ids[5].ToString(), (await world.CheckpointAsync()).ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_unfinished_redriven_entry_holds_the_checkpoint_below_its_source(bool delivered)
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(4);
        var ids = await world.ReadAsync("lane", 4);
        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, ids);
        var redriven = await world.RedriveAsync(ids[2], 3);
        if (delivered)
        {
            await world.Redis.StreamReadGroupAsync(world.Redrive, ReclaimingWorld.Group.Value, "lane", ">", 10);
        }

        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal(EntryId.Parse(ids[2].ToString()).Value - 1, (await world.CheckpointAsync()).Value);

        await world.Redis.StreamReadGroupAsync(world.Redrive, ReclaimingWorld.Group.Value, "lane", ">", 10);
        await world.Redis.StreamAcknowledgeAsync(world.Redrive, ReclaimingWorld.Group.Value, redriven);
        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal(ids[3].ToString(), (await world.CheckpointAsync()).ToString());
    }

    [Fact]
    public async Task A_checkpoint_is_not_raised_while_more_redriven_entries_are_unfinished_than_are_looked_at()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(2);
        var ids = await world.ReadAsync("lane", 2);
        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, ids);
        for (var i = 0; i < 101; i++)
        {
            await world.RedriveAsync(ids[1], 2);
        }

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Equal(0, (await world.CheckpointAsync()).Value);
    }

    [Fact]
    public async Task A_lane_that_holds_the_group_s_row_delays_no_pass()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(1);
        var ids = await world.ReadAsync("lane", 1);
        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, ids);
        await using (var connection = await world.Bus.Postgres.OpenConnectionAsync(TestContext.Current.CancellationToken))
        await using (var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await using var command = new Npgsql.NpgsqlCommand("update bus.consumer_group set duplicates_prevented = 1", connection);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            await ReclaimingWorld.PassAsync(reclaimer);
            Assert.Equal(0, (await world.CheckpointAsync()).Value);
            await transaction.CommitAsync(TestContext.Current.CancellationToken);
        }

        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal(ids[0].ToString(), (await world.CheckpointAsync()).ToString());
        Assert.Equal(1L, await world.Bus.ScalarAsync("select duplicates_prevented from bus.consumer_group"));
    }

    [Fact]
    public async Task Options_that_make_no_sense_stop_the_start_and_are_named()
    {
        await using var world = await BusWorld.CreateAsync();
        var builder = world.CreateHost();
        builder.AddEventBus().AddReclaimer(options => (options.Interval, options.HandOverCount) = (TimeSpan.Zero, 0));

        using var host = builder.Build();
        var failure = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));

        Assert.Contains("EventBus:Reclaimer:HandOverCount", failure.Message, StringComparison.Ordinal);
    }
}
