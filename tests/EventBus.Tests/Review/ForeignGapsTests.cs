using FanOut.EventBus.Publishing;
using FanOut.EventBus.Tests.Publishing;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.EventBus.Tests.Review;

public sealed class ForeignGapsTests
{
    [Fact]
    public async Task A_gaps_hash_that_no_relay_wrote_is_named()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var first = await world.StartRelayAsync();
        await world.AssertPublishedAsync(await world.Bus.AddEventsAsync(1));
        await OutboxWorld.StopAsync(first);
        await world.Redis.HashSetAsync(StreamKeys.Gaps(world.Bus.Stream), "theirs", "1");

        var host = await world.StartRelayAsync();

        var status = host.Services.GetRequiredService<RelayStatus>();
        await BusWorld.UntilAsync(() => Task.FromResult(status.Reason is not null), () => "a reason");
        Assert.Equal(RelayState.Stopped, status.State);
        Assert.Contains(":gaps", status.Reason, StringComparison.Ordinal);
    }
}
