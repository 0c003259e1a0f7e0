using Microsoft.Extensions.DependencyInjection;

namespace FanOut.EventBus.Tests.Review;

public sealed class BrokenHandlerTests
{
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
}

internal sealed class BrokenHandler : IEventHandler<Invoiced>
{
    public BrokenHandler() => throw new InvalidOperationException("A setting is missing.");

    public Task HandleAsync(EventContext<Invoiced> context, CancellationToken cancellationToken) => Task.CompletedTask;
}
