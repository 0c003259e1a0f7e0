using System.Net;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace FanOut.EventBus.Tests.Consuming;

public sealed class LaneConnectionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>So Azure's and Amazon's identity packages work: the password is not in the connection string.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Lanes_connect_with_the_options_of_the_shared_connection(bool asOptions)
    {
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { Password = "secret" }, Cancellation);
        await using var world = await BusWorld.CreateAsync(server);
        var options = ConfigurationOptions.Parse($"127.0.0.1:{server.Port}");
        options.Defaults = new Identity();
        await using var shared = await ConnectionMultiplexer.ConnectAsync(options);
        var builder = world.CreateHost();
        builder.Services.AddSingleton<IConnectionMultiplexer>(shared);
        _ = asOptions ? builder.Services.AddSingleton(Options.Create(options)) : builder.Services.AddSingleton(options);
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
