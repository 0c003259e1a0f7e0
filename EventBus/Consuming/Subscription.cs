using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.EventBus.Consuming;

/// <summary>A handler of one event type.</summary>
internal abstract class Subscription(EventType type)
{
    public EventType Type { get; } = type;

    /// <summary>Runs the handler.</summary>
    /// <param name="services">The batch's scope.</param>
    /// <param name="deliveries">At least one event of this type.</param>
    /// <param name="transaction">What their effects are committed in.</param>
    /// <param name="trace">The process spans.</param>
    /// <param name="cancellationToken">Cancelled when the host will not wait any longer.</param>
    /// <returns>The events that failed before anything touched the transaction.</returns>
    /// <exception cref="HandlerException">A handler failed, and the transaction must be rolled back.</exception>
    public abstract Task<IReadOnlyList<HandlerFailure>> InvokeAsync(
        IServiceProvider services,
        IReadOnlyList<Delivery> deliveries,
        BatchTransaction transaction,
        BatchTrace trace,
        CancellationToken cancellationToken);
}

/// <summary>An event whose handler failed.</summary>
internal sealed record HandlerFailure(Delivery Delivery, Exception Exception)
{
    /// <summary>The deliveries that count against the event. A lock that is not to be had, or a deadlock, does not.</summary>
    public int Attempts => HandlerRunner.IsLockConflict(Exception) ? Delivery.Number - 1 : Delivery.Number;
}

/// <summary>A handler failed, and what it did cannot be told from what others did: the transaction must be rolled back.</summary>
internal sealed class HandlerException(Exception inner) : Exception(inner.Message, inner);

internal sealed class HandlerSubscription<T, THandler>(EventType type) : Subscription(type)
    where THandler : class, IEventHandler<T>
{
    public override async Task<IReadOnlyList<HandlerFailure>> InvokeAsync(
        IServiceProvider services,
        IReadOnlyList<Delivery> deliveries,
        BatchTransaction transaction,
        BatchTrace trace,
        CancellationToken cancellationToken)
    {
        var handler = services.GetRequiredService<THandler>();
        List<HandlerFailure>? failures = null;
        foreach (var delivery in deliveries)
        {
            trace.Enter(delivery);
            try
            {
                await handler.HandleAsync(new EventContext<T>(delivery, transaction, trace.Of(delivery)), cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                if (transaction.IsTouched || HandlerRunner.IsEnvironment(e))
                {
                    throw new HandlerException(e);
                }

                transaction.Drop(delivery);
                (failures ??= []).Add(new HandlerFailure(delivery, e));
            }
        }

        trace.EnterBatch();
        return failures ?? [];
    }
}

internal sealed class BatchHandlerSubscription<T, THandler>(EventType type) : Subscription(type)
    where THandler : class, IEventBatchHandler<T>
{
    public override async Task<IReadOnlyList<HandlerFailure>> InvokeAsync(
        IServiceProvider services,
        IReadOnlyList<Delivery> deliveries,
        BatchTransaction transaction,
        BatchTrace trace,
        CancellationToken cancellationToken)
    {
        var events = new EventContext<T>[deliveries.Count];
        for (var i = 0; i < events.Length; i++)
        {
            events[i] = new EventContext<T>(deliveries[i], transaction, trace.Of(deliveries[i]));
        }

        try
        {
            await services.GetRequiredService<THandler>().HandleAsync(new EventBatch<T>(events, transaction), cancellationToken);
            return [];
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            if (transaction.IsTouched || deliveries is not [var only] || HandlerRunner.IsEnvironment(e))
            {
                throw new HandlerException(e);
            }

            transaction.Drop(only);
            return [new HandlerFailure(only, e)];
        }
    }
}
