using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.EventBus.Consuming;

internal sealed class BatchHandlerSubscription<T, THandler>(EventType type) : Subscription(type)
    where THandler : class, IEventBatchHandler<T>
{
    public override async Task InvokeAsync(IServiceProvider services, IReadOnlyList<Delivery> deliveries, BatchTransaction transaction, BatchTrace traces, CancellationToken cancellationToken)
    {
        var events = new EventContext<T>[deliveries.Count];
        for (var i = 0; i < events.Length; i++)
        {
            events[i] = new EventContext<T>(deliveries[i], (T)deliveries[i].Data!, transaction, traces.Of(deliveries[i]));
        }

        await services.GetRequiredService<THandler>().HandleAsync(new EventBatch<T>(events, transaction), cancellationToken);
    }
}
