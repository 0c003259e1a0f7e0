using FanOut.EventBus.Tests.Publishing;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FanOut.EventBus.Tests.Review;

public sealed class RetryLogTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task While_Postgres_is_read_only_the_retry_worker_says_so_once_and_backs_off()
    {
        await using var server = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: server);
        var log = new LogRecorder();
        var builder = world.CreateHost();
        builder.Logging.AddProvider(log);
        builder.Services.AddSingleton(new HandlerScript());
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddStream(
            world.Stream.Value, stream => stream.AddConsumerGroup("group", group => group.Subscribe<Ping, PingHandler>()));
        await world.StartAsync(builder);
        await server.MakeReadOnlyAsync(Cancellation);
        await BusWorld.UntilAsync(() => Task.FromResult(log.Entries.Any(entry => entry.EventId == 211)), () => "the first warning");
        log.Entries.Clear();

        await Passing.ForAsync(TimeSpan.FromSeconds(3));

        Assert.DoesNotContain(log.Entries, entry => entry.EventId == 211);
    }
}
