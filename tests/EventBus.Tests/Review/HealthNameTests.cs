using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.EventBus.Tests.Review;

public sealed class HealthNameTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_streams_may_have_a_group_of_the_same_name()
    {
        await using var world = await BusWorld.CreateAsync();
        var builder = world.CreateHost();
        builder.Services.AddSingleton(new HandlerScript());
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping)
            .AddStream("orders", stream => stream.AddConsumerGroup("audit", group => group.Subscribe<Ping, PingHandler>()))
            .AddStream("invoices", stream => stream.AddConsumerGroup("audit", group => group.Subscribe<Ping, PingHandler>()));
        using var host = builder.Build();

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);

        Assert.Equal(2, report.Entries.Count);
    }
}
