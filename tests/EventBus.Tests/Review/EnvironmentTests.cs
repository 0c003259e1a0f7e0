using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Review;

public sealed class EnvironmentTests
{
    [Theory]
    [InlineData("postgres")]
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

    // Each is thrown before the handler has touched its transaction: by a query on another connection, by a cache, by Outbox.CreateCommand.
    private static Exception Fault(string what) => what switch
    {
        "postgres" => new PostgresException("sorry, too many clients already", "FATAL", "FATAL", PostgresErrorCodes.TooManyConnections),
        "redis" => new RedisException("Redis is away."),
        _ => new OutboxFullException(1_000_000, TimeSpan.FromSeconds(5)),
    };
}
