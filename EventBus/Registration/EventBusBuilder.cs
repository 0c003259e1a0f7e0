using System.Text.Json.Serialization.Metadata;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.EventBus;

/// <summary>Adds the event types and the streams that this process uses.</summary>
public sealed class EventBusBuilder
{
    private readonly EventTypeRegistry _eventTypes;
    private readonly StreamNames _streams;

    internal EventBusBuilder(IServiceCollection services, EventTypeRegistry eventTypes, StreamNames streams)
    {
        Services = services;
        _eventTypes = eventTypes;
        _streams = streams;
    }

    /// <summary>The host's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Registers an event type. Streams and groups share the types of their process.</summary>
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

    /// <summary>Adds a stream: its outbox, its consumer groups, its reclaimer, as this process needs them.</summary>
    /// <param name="name">The stream's name; see <see cref="StreamName"/> for its form.</param>
    /// <param name="configure">Adds the parts.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> has another form, or is added already.</exception>
    public EventBusBuilder AddStream(string name, Action<EventStreamBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var stream = new StreamName(name);
        if (!_streams.Add(stream))
        {
            throw new ArgumentException(
                $"Stream '{name}' is added twice: call AddStream once for each stream, and add all its parts there.", nameof(name));
        }

        configure(new EventStreamBuilder(Services, stream, _eventTypes));
        return this;
    }
}
