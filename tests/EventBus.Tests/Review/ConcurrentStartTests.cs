using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus.Tests.Review;

public sealed class ConcurrentStartTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_that_starts_its_services_concurrently_migrates_before_anything_uses_the_schema()
    {
        await using var world = await BusWorld.CreateAsync();
        await using var empty = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        var builder = world.CreateHost(empty.DataSource);
        builder.Services.Configure<HostOptions>(options => options.ServicesStartConcurrently = true);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddOutbox());

        await world.StartAsync(builder);
    }
}
