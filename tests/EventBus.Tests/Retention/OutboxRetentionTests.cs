using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Retention;
using FanOut.EventBus.Tests.Publishing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus.Tests.Retention;

public sealed class OutboxRetentionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_go_when_every_group_is_verified_past_them_and_the_next_leader_goes_on()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var host = Reclaimer(world, TimeSpan.Zero);
        await using (var leader = await world.LeadByHandAsync())
        {
            for (var i = 0; i < 10; i++)
            {
                await world.AddAsync(10, (i * 10) + 1);
                await leader.PublishAsync();
            }
        }

        Assert.Equal(0, await RemoveAsync(world, host));
        await RegisterAsync(world, "one", 6);
        await RegisterAsync(world, "two", 3);
        Assert.Equal(30, await RemoveAsync(world, host));
        await world.ExecuteAsync("update bus.ledger set verified = (select ((max(ms) << 20) + 9) from bus.relay_batch)");
        Assert.Equal(50, await RemoveAsync(world, host));
        Assert.Equal(0, await RemoveAsync(world, host));
        Assert.Equal(2L, await world.ScalarAsync("select count(*) from bus.relay_batch"));

        var relay = await world.StartRelayAsync();
        await world.AddAsync(5, 101);
        await world.UntilLengthAsync(105);
        Assert.Equal(105L, await world.ScalarAsync("select total from bus.relay_batch order by ms desc limit 1"));
        await OutboxWorld.StopAsync(relay);
    }

    [Fact]
    public async Task Young_events_and_those_from_an_open_gap_on_stay()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var keeping = Reclaimer(world, TimeSpan.FromHours(1));
        using var host = Reclaimer(world, TimeSpan.Zero);
        await using (var leader = await world.LeadByHandAsync())
        {
            for (var i = 0; i < 6; i++)
            {
                await world.AddAsync(10, (i * 10) + 1);
                await leader.PublishAsync();
            }
        }

        await RegisterAsync(world, "one", 5);
        Assert.Equal(0, await RemoveAsync(world, keeping));
        await world.ExecuteAsync("update bus.relay_batch set gaps_from = (select ms from bus.relay_batch order by ms offset 1 limit 1)");
        Assert.Equal(10, await RemoveAsync(world, host));
    }

    [Fact]
    public async Task Events_whose_ids_were_not_used_stay_until_the_batch_that_replaced_theirs_goes()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var host = Reclaimer(world, TimeSpan.Zero);
        await using (var leader = await world.LeadByHandAsync())
        {
            for (var i = 0; i < 4; i++)
            {
                await world.AddAsync(10, (i * 10) + 1);
                await leader.PublishAsync();
            }
        }

        await world.ExecuteAsync("update bus.relay_batch set live_count = 4 where ms = (select min(ms) from bus.relay_batch)");
        await RegisterAsync(world, "one", 1);

        Assert.Equal(4, await RemoveAsync(world, host));
        Assert.Equal(36L, await world.ScalarAsync("select count(*) from bus.outbox"));
    }

    /// <summary>A group that is verified up to within the batch of that number.</summary>
    private static Task RegisterAsync(OutboxWorld world, string group, int batch) => world.ExecuteAsync(
        $"""
        insert into bus.consumer_group (stream, name, start, checkpoint, max_deliveries, reclaim_after, lane_timeout) values ('{world.Stream}', '{group}', 'history', 0, 3, '60 s', '15 s');
        insert into bus.ledger (stream, "group", verified) values ('{world.Stream}', '{group}', (select (ms << 20) + 5 from bus.relay_batch order by ms offset {batch} limit 1))
        """);

    private static Task<long> RemoveAsync(OutboxWorld world, IHost host) => host.Services.GetRequiredService<OutboxRetention>().RemoveAsync(world.Stream, Cancellation);

    private static IHost Reclaimer(OutboxWorld world, TimeSpan keep)
    {
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddReclaimer();
        builder.Services.Configure<RetentionOptions>(options => options.KeepOutboxFor = keep);
        return builder.Build();
    }
}
