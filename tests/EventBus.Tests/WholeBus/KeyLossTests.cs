using FanOut.TestServers;
using FanOut.TestServers.Network;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.WholeBus;

/// <summary>Redis evicts, and people delete, single keys; or all of Redis is another one.</summary>
public sealed class KeyLossTests
{
    private const string Group = "group";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", false)]
    [InlineData("", true)]
    [InlineData(":relay", false)]
    [InlineData(":relay", true)]
    [InlineData(":gaps", false)]
    [InlineData(":gaps", true)]
    [InlineData(":lease", false)]
    [InlineData(":lease", true)]
    public async Task One_lost_key_loses_and_doubles_no_effect_though_a_transaction_is_open_in_a_gap(string suffix, bool restart)
    {
        await using var world = await BusWorld.CreateAsync();
        RedisKey key = suffix.Length == 0 ? world.Stream.Value : StreamKeys.OfStream(world.Stream) + suffix[1..];
        var host = await StartAsync(world);
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var late = await connection.BeginTransactionAsync(Cancellation);
        await AddAsync(host, connection, 1);
        await PublishAsync(world, host, 2, 20);
        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 19, () => "what was committed");
        await BusWorld.UntilAsync(() => world.Redis.KeyExistsAsync(key), () => $"the key {key}");

        await world.Redis.KeyDeleteAsync(key);
        if (restart)
        {
            await host.StopAsync(Cancellation);
            host = await StartAsync(world);
        }

        await PublishAsync(world, host, 21, 30);
        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 29, () => "what was committed after the loss");
        await late.CommitAsync(Cancellation);
        await PublishAsync(world, host, 31, 31);

        await world.AssertEachOnceAsync(Group, 31);
    }

    /// <summary>The old host neither answers nor resets: <see href="https://github.com/StackExchange/StackExchange.Redis/issues/1848"/>.</summary>
    [Fact]
    public async Task A_Redis_that_vanishes_without_a_word_is_left_for_the_one_at_its_address()
    {
        await using var old = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var present = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var proxy = TcpProxy.Start(old.Port);
        var route = ConfigurationOptions.Parse(old.ConnectionString);
        route.EndPoints.Clear();
        route.EndPoints.Add("127.0.0.1", proxy.Port);
        await using var world = await BusWorld.CreateAsync(old, route: route);
        var host = await StartAsync(world);
        await PublishAsync(world, host, 1, 20);
        await world.AssertEachOnceAsync(Group, 20);

        await old.PauseAsync();
        proxy.UpstreamPort = present.Port;
        await PublishAsync(world, host, 21, 40);

        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) >= 40, () => "the effects by way of the present server");
        Assert.Equal(40L, await world.ScalarAsync("select count(distinct number) from effects"));
        Assert.Equal(40, await world.EffectsAsync(Group));
        old.Resume();
    }

    private static Task<IHost> StartAsync(BusWorld world)
    {
        var builder = world.CreateHost();
        builder.Services.AddSingleton(new HandlerScript());
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddStream(world.Stream.Value, stream => stream
            .AddOutbox(options => (options.PollInterval, options.LeaseTimeout) = (TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(500)))
            .AddConsumerGroup(Group, group => group.Subscribe<Ping, PingHandler>(), options =>
            {
                options.BlockFor = TimeSpan.FromMilliseconds(100);
                options.RetryPollInterval = TimeSpan.FromMilliseconds(50);
            })
            .AddReclaimer(options => options.Interval = TimeSpan.FromMilliseconds(25)));
        return world.StartAsync(builder);
    }

    private static async Task PublishAsync(BusWorld world, IHost host, int first, int last)
    {
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        foreach (var number in Enumerable.Range(first, last - first + 1))
        {
            await AddAsync(host, connection, number);
        }

        await transaction.CommitAsync(Cancellation);
    }

    private static Task AddAsync(IHost host, NpgsqlConnection connection, int number) =>
        host.Services.GetRequiredService<Outbox>().AddAsync(connection, new NewEvent<Ping>($"{number}", new Ping(number)), Cancellation);
}
