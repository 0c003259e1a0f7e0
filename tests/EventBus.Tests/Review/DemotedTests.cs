using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace FanOut.EventBus.Tests.Review;

public sealed class DemotedTests
{
    private const int Sessions = 10;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

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
}
