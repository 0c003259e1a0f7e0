namespace FanOut.EventBus.Tests.Review;

public sealed class DuplicatePartTests
{
    [Fact]
    public async Task A_part_of_a_stream_that_is_added_twice_is_refused()
    {
        await using var world = await BusWorld.CreateAsync();
        Assert.Throws<ArgumentException>(() => world.CreateHost().AddEventBus().AddStream("orders", stream => stream.AddOutbox().AddOutbox()));
        Assert.Throws<ArgumentException>(() => world.CreateHost().AddEventBus().AddStream("orders", stream => stream.AddReclaimer().AddReclaimer()));
    }
}
