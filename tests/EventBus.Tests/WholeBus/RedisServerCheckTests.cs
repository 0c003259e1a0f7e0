using FanOut.EventBus.Redis;
using FanOut.TestServers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
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
    public void A_server_before_7_is_refused()
    {
        Assert.Contains("version 6.2.14", Find("6.2.14"), StringComparison.Ordinal);
        Assert.Null(Find("7.0.0"));

        static string? Find(string version) => RedisServerCheck.FindFault(new Dictionary<string, string> { ["redis_version"] = version });
    }

    [Fact]
    public async Task A_replica_as_the_address_is_named_and_used_when_it_is_promoted()
    {
        await using var primary = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var replica = await RedisServer.StartAsync(
            new RedisServerOptions { Settings = new Dictionary<string, string> { ["replicaof"] = $"127.0.0.1 {primary.Port}" } }, Cancellation);
        await using var world = await BusWorld.CreateAsync(replica);
        var log = new WarningSignal();
        var builder = world.CreateHost();
        builder.Logging.AddProvider(log);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddOutbox());

        await world.StartAsync(builder);

        Assert.Contains("it is a replica; name its primary", await log.First, StringComparison.Ordinal);
        await world.Connection.GetServers().Single().ExecuteAsync("REPLICAOF", "NO", "ONE");
        await world.AddEventsAsync(1);
        await BusWorld.UntilAsync(async () => await world.Redis.StreamLengthAsync(world.Key) == 1, () => "the event");
    }

    [Fact]
    public async Task A_password_with_a_comma_is_not_repeated_where_lanes_cannot_connect()
    {
        const string password = "hid,s3cr3t";
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(server);
        await world.Redis.ExecuteAsync("ACL", "SETUSER", "app", "on", $">{password}", "~*", "&*", "+@all");
        await using var shared = await server.ConnectAsync(options => (options.User, options.Password) = ("app", password));

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => new RedisConnections(shared, Options.Create(new ConfigurationOptions())).ConnectAsync("lane", TimeSpan.FromSeconds(1)));

        Assert.Contains("Register the ConfigurationOptions", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", refused.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The client fills in the port, and may put addresses in place of names: that is no sign of a comma.</summary>
    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("localhost,resolveDns=true")]
    [InlineData("localhost,127.0.0.1:6380,password=s3cr3t")]
    public async Task Lanes_connect_where_an_address_has_no_port(string connectionString)
    {
        const string NobodyNeedAnswer = ",abortConnect=false,connectTimeout=100,connectRetry=1";
        await using var shared = await ConnectionMultiplexer.ConnectAsync(connectionString + NobodyNeedAnswer);

        await using var lane = await new RedisConnections(shared, Options.Create(new ConfigurationOptions()))
            .ConnectAsync("lane", TimeSpan.FromSeconds(1));

        Assert.Equal(shared.GetEndPoints(configuredOnly: true), lane.GetEndPoints(configuredOnly: true));
    }
}
