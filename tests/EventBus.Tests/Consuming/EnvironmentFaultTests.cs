using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Consuming;

/// <summary>Failures that are no event's: of servers, of the host's own set-up.</summary>
public sealed class EnvironmentFaultTests
{
    private const int Sessions = 10;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("postgres")]
    [InlineData("a stale plan")]
    [InlineData("redis")]
    [InlineData("outbox")]
    public async Task A_server_that_fails_in_a_handler_is_not_held_against_the_event(string what)
    {
        await using var world = await BusWorld.CreateAsync();
        var failures = 0;
        var script = new HandlerScript
        {
            Before = (_, _, _) => Interlocked.Increment(ref failures) > 6 ? Task.CompletedTask : throw Fault(what),
        };
        await world.StartWorkerAsync("group", script, batches: false, options => (options.Lanes, options.MaxDeliveries) = (1, 2));

        await world.PublishAsync(1);

        await BusWorld.UntilAsync(
            async () => await world.EffectsAsync("group") == 1 || (await world.ScalarAsync("select max(state) from bus.retry")) is "dead",
            () => "an effect or a dead letter");
        Assert.Equal(1, await world.EffectsAsync("group"));
    }

    [Fact]
    public async Task A_handler_that_cannot_be_created_holds_up_only_its_own_events()
    {
        await using var world = await BusWorld.CreateAsync();
        var builder = world.CreateHost();
        builder.Services.AddSingleton(new HandlerScript());
        builder.AddEventBus()
            .AddEvent(Ping.EventType, PingJson.Default.Ping)
            .AddEvent("test.invoiced", PingJson.Default.Invoiced)
            .AddStream(world.Stream.Value, stream => stream
                .AddConsumerGroup(
                    "group",
                    group => group.Subscribe<Ping, PingHandler>().Subscribe<Invoiced, BrokenHandler>(),
                    options =>
                    {
                        options.Lanes = 1;
                        options.MaxDeliveries = 2;
                        options.ReclaimAfter = TimeSpan.FromSeconds(1);
                        options.RetryPollInterval = TimeSpan.FromMilliseconds(20);
                        options.RetryDelays = [TimeSpan.FromMilliseconds(50)];
                    })
                .AddReclaimer());
        var broken = await world.AddEventsAsync(1, "test.invoiced");
        var good = await world.AddEventsAsync(5);
        await world.AppendAsync([.. broken, .. good]);

        await world.StartAsync(builder);

        await BusWorld.UntilAsync(async () => await world.EffectsAsync("group") == 5, () => "the effects of the good events");
        await BusWorld.UntilAsync(
            async () => (long)(await world.ScalarAsync("select count(*) from bus.retry where state = 'dead'"))! == 1, () => "one dead letter");
    }

    /// <summary>After a failover behind one address, pooled sessions stay on the demoted node, which refuses every write. New ones do not.</summary>
    [Fact]
    public async Task Pooled_sessions_that_a_failover_left_read_only_are_not_used_again_and_again()
    {
        await using var world = await BusWorld.CreateAsync();
        await using var source = NpgsqlDataSource.Create($"{world.Database.ConnectionString};No Reset On Close=true;Maximum Pool Size={Sessions}");
        var builder = world.CreateHost(source);
        builder.Services.AddSingleton(new HandlerScript());
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddStream(world.Stream.Value, stream => stream.AddConsumerGroup(
            "group", group => group.Subscribe<Ping, PingHandler>(), options => options.BlockFor = TimeSpan.FromMilliseconds(100)));
        await world.StartAsync(builder);
        await world.PublishAsync(1);
        await world.AssertEachOnceAsync("group", 1);

        var demoted = new List<NpgsqlConnection>();
        for (var i = 0; i < Sessions; i++)
        {
            demoted.Add(await source.OpenConnectionAsync(Cancellation));
            await using var command = new NpgsqlCommand("set default_transaction_read_only = on", demoted[^1]);
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        foreach (var connection in demoted)
        {
            await connection.DisposeAsync();
        }

        await world.PublishAsync(5);
        await world.AssertEachOnceAsync("group", 6);
    }

    // Each is thrown before the handler has touched its transaction: by a query on another connection, by a cache, by Outbox.CreateCommand.
    private static Exception Fault(string what) => what switch
    {
        "postgres" => new PostgresException("sorry, too many clients already", "FATAL", "FATAL", PostgresErrorCodes.TooManyConnections),
        "a stale plan" => new PostgresException(
            "cached plan must not change result type", "ERROR", "ERROR", PostgresErrorCodes.FeatureNotSupported, routine: "RevalidateCachedQuery"),
        "redis" => new RedisException("Redis is away."),
        _ => new OutboxFullException(1_000_000, TimeSpan.FromSeconds(5)),
    };

    private sealed class BrokenHandler : IEventHandler<Invoiced>
    {
        public BrokenHandler() => throw new InvalidOperationException("A setting is missing.");

        public Task HandleAsync(EventContext<Invoiced> context, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
