using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FanOut.EventBus.Consuming;

/// <summary>Adds handlers to a consumer group.</summary>
public sealed class ConsumerGroupBuilder
{
    private readonly EventBusBuilder _bus;
    private readonly ConsumerGroupRegistration _registration;

    internal ConsumerGroupBuilder(EventBusBuilder bus, ConsumerGroupRegistration registration)
    {
        _bus = bus;
        _registration = registration;
    }

    /// <summary>Gives each event of one type to a handler, one at a time.</summary>
    /// <typeparam name="T">The type of the event's data.</typeparam>
    /// <typeparam name="THandler">The handler, resolved from a scope made for each batch.</typeparam>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException"><typeparamref name="T"/> is not registered by <see cref="EventBusBuilder.AddEvent{T}"/>.</exception>
    public ConsumerGroupBuilder Subscribe<T, THandler>()
        where THandler : class, IEventHandler<T>
    {
        _bus.Services.TryAddScoped<THandler>();
        _registration.Subscriptions.Add(new HandlerSubscription<T, THandler>(_bus.EventTypes.Get(typeof(T))));
        return this;
    }

    /// <summary>Gives the events of one type to a handler in batches.</summary>
    /// <typeparam name="T">The type of the events' data.</typeparam>
    /// <typeparam name="THandler">The handler, resolved from a scope made for each batch.</typeparam>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException"><typeparamref name="T"/> is not registered by <see cref="EventBusBuilder.AddEvent{T}"/>.</exception>
    public ConsumerGroupBuilder SubscribeBatch<T, THandler>()
        where THandler : class, IEventBatchHandler<T>
    {
        _bus.Services.TryAddScoped<THandler>();
        _registration.Subscriptions.Add(new BatchHandlerSubscription<T, THandler>(_bus.EventTypes.Get(typeof(T))));
        return this;
    }
}
