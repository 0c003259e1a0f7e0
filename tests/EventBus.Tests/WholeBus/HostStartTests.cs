using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus.Tests.WholeBus;

public sealed class HostStartTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Services_that_start_concurrently_find_the_schema()
    {
        await using var world = await BusWorld.CreateAsync();
        await using var empty = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        var builder = world.CreateHost(empty.DataSource);
        builder.Services.Configure<HostOptions>(options => options.ServicesStartConcurrently = true);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddOutbox());

        var host = await world.StartAsync(builder);

        Assert.False(host.Services.GetRequiredService<Outbox>().IsFull);
    }
}
