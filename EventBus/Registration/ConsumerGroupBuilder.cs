using FanOut.EventBus.Consuming;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FanOut.EventBus;

/// <summary>Adds handlers to a consumer group.</summary>
public sealed class ConsumerGroupBuilder
{
    private readonly IServiceCollection _services;
    private readonly EventTypeRegistry _eventTypes;
    private readonly ConsumerGroupRegistration _registration;

    internal ConsumerGroupBuilder(IServiceCollection services, EventTypeRegistry eventTypes, ConsumerGroupRegistration registration)
    {
        _services = services;
        _eventTypes = eventTypes;
        _registration = registration;
    }

    /// <summary>Gives each event of one type to a handler, one at a time.</summary>
    /// <typeparam name="T">The type of the event's data.</typeparam>
    /// <typeparam name="THandler">The handler, resolved from a scope made for each batch.</typeparam>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException">
    /// <typeparamref name="T"/> is not registered by <see cref="EventBusBuilder.AddEvent{T}"/>, or the group has a handler for it already.
    /// </exception>
    public ConsumerGroupBuilder Subscribe<T, THandler>()
        where THandler : class, IEventHandler<T>
    {
        _services.TryAddScoped<THandler>();
        return Add(new HandlerSubscription<T, THandler>(_eventTypes.Get(typeof(T))));
    }

    /// <summary>Gives the events of one type to a handler in batches.</summary>
    /// <typeparam name="T">The type of the events' data.</typeparam>
    /// <typeparam name="THandler">The handler, resolved from a scope made for each batch.</typeparam>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException">
    /// <typeparamref name="T"/> is not registered by <see cref="EventBusBuilder.AddEvent{T}"/>, or the group has a handler for it already.
    /// </exception>
    public ConsumerGroupBuilder SubscribeBatch<T, THandler>()
        where THandler : class, IEventBatchHandler<T>
    {
        _services.TryAddScoped<THandler>();
        return Add(new BatchHandlerSubscription<T, THandler>(_eventTypes.Get(typeof(T))));
    }

    private ConsumerGroupBuilder Add(Subscription subscription)
    {
        if (_registration.Subscriptions.Exists(known => known.Type == subscription.Type))
        {
            throw new InvalidOperationException(
                $"Group '{_registration.Group}' has a handler for '{subscription.Type.Name}' already: "
                + "let one handler do both, or use another group.");
        }

        _registration.Subscriptions.Add(subscription);
        return this;
    }
}
