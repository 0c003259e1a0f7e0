using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.WholeBus;

public sealed class RedisServerCheckTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_that_evicts_stops_the_start()
    {
        await using var server = await RedisServer.StartAsync(
            new RedisServerOptions { MaxMemoryPolicy = "allkeys-lru" }, Cancellation);
        await using var world = await BusWorld.CreateAsync(server);

        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => world.StartWorkerAsync("billing"));

        Assert.Contains("maxmemory-policy 'allkeys-lru'", e.Message, StringComparison.Ordinal);
        Assert.False(await world.Redis.KeyExistsAsync(world.Key));
    }

    [Fact]
    public async Task A_Redis_user_that_may_not_ask_for_INFO_is_told_so()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(server);
        await world.Redis.ExecuteAsync("ACL", "SETUSER", "app", "on", ">app", "~*", "&*", "+@all", "-@dangerous");
        await using var limited = await server.ConnectAsync(options => (options.User, options.Password, options.AllowAdmin) = ("app", "app", false));
        var builder = world.CreateHost();
        builder.Services.AddSingleton<IConnectionMultiplexer>(limited);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddOutbox());

        var refused = await Assert.ThrowsAnyAsync<InvalidOperationException>(() => world.StartAsync(builder));

        Assert.Contains("INFO", refused.Message, StringComparison.Ordinal);
    }
}
