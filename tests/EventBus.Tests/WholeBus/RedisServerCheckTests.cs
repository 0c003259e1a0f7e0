using FanOut.TestServers;

namespace FanOut.EventBus.Tests.WholeBus;

public sealed class RedisServerCheckTests
{
    [Fact]
    public async Task A_server_that_evicts_stops_the_start()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { MaxMemoryPolicy = "allkeys-lru" }, TestContext.Current.CancellationToken);
        await using var world = await BusWorld.CreateAsync(server);

        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => world.StartWorkerAsync("billing"));

        Assert.Contains("maxmemory-policy 'allkeys-lru'", e.Message, StringComparison.Ordinal);
        Assert.False(await world.Redis.KeyExistsAsync(world.Key));
    }
}
