using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.EventBus.Consuming;

internal sealed class HandlerSubscription<T, THandler>(EventType type) : Subscription(type)
    where THandler : class, IEventHandler<T>
{
    public override async Task InvokeAsync(IServiceProvider services, IReadOnlyList<Delivery> deliveries, BatchTransaction transaction, BatchTrace traces, CancellationToken cancellationToken)
    {
        var handler = services.GetRequiredService<THandler>();
        foreach (var delivery in deliveries)
        {
            traces.Enter(delivery);
            await handler.HandleAsync(new EventContext<T>(delivery, (T)delivery.Data!, transaction, traces.Of(delivery)), cancellationToken);
        }

        traces.EnterBatch();
    }
}
