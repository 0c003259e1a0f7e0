using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Review;

public sealed class AclTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

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
        string? message = null;
        try
        {
            await world.StartAsync(builder);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            message = e.Message;
        }

        Assert.True(message?.Contains("INFO", StringComparison.OrdinalIgnoreCase) ?? true, message);
    }
}
