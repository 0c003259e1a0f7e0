using System.Text.Json.Serialization.Metadata;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus;

/// <summary>Adds the parts of the event bus that this process needs.</summary>
public sealed class EventBusBuilder
{
    private readonly EventTypeRegistry _eventTypes;

    internal EventBusBuilder(IHostApplicationBuilder host, EventTypeRegistry eventTypes)
    {
        Host = host;
        _eventTypes = eventTypes;
    }

    /// <summary>The host's services.</summary>
    public IServiceCollection Services => Host.Services;

    internal IHostApplicationBuilder Host { get; }

    /// <summary>Makes an event type known.</summary>
    /// <typeparam name="T">The type of its data.</typeparam>
    /// <param name="type">Its name on the wire, for example <c>order.placed</c>.</param>
    /// <param name="json">How the data is written and read as JSON, source-generated.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="InvalidOperationException">The name or the data type is registered already.</exception>
    public EventBusBuilder AddEvent<T>(string type, JsonTypeInfo<T> json)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(type);
        ArgumentNullException.ThrowIfNull(json);
        _eventTypes.Add(new EventType(type, typeof(T), json));
        return this;
    }
}
