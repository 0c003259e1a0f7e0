namespace FanOut.EventBus.Tests.Review;

public sealed class RetryDelaysTests
{
    [Fact]
    public async Task The_RetryDelays_of_a_group_replace_those_for_all_groups()
    {
        await using var world = await BusWorld.CreateAsync();
        var options = OptionsTests.Read(
            world,
            ("EventBus:Consumer:RetryDelays:0", "00:00:10"),
            ("EventBus:Consumer:RetryDelays:1", "00:00:20"),
            ("EventBus:Streams:orders:Groups:billing:RetryDelays:0", "00:00:01"));

        Assert.Equal([TimeSpan.FromSeconds(1)], options.RetryDelays);
    }
}
