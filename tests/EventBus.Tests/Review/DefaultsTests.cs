using System.Net;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace FanOut.EventBus.Tests.Review;

public sealed class DefaultsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>So Azure's and Amazon's identity packages work: the password is not in the connection string.</summary>
    [Fact]
    public async Task Lanes_connect_as_the_shared_connection_does()
    {
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { Password = "secret" }, Cancellation);
        await using var world = await BusWorld.CreateAsync(server);
        var options = ConfigurationOptions.Parse($"127.0.0.1:{server.Port}");
        options.Defaults = new Identity();
        await using var shared = await ConnectionMultiplexer.ConnectAsync(options);
        var builder = world.CreateHost();
        builder.Services.AddSingleton<IConnectionMultiplexer>(shared);
        builder.Services.AddSingleton(new HandlerScript());
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddStream(
            world.Stream.Value, stream => stream.AddConsumerGroup("group", group => group.Subscribe<Ping, PingHandler>()));
        await world.StartAsync(builder);

        await world.PublishAsync(1);

        await world.AssertEachOnceAsync("group", 1);
    }

    private sealed class Identity : DefaultOptionsProvider
    {
        public override string? Password => "secret";

        public override bool IsMatch(EndPoint endpoint) => false;
    }
}
