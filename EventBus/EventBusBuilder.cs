using System.Text.Json.Serialization.Metadata;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus;

/// <summary>Adds the parts of the event bus that this process needs.</summary>
public sealed class EventBusBuilder
{
    internal EventBusBuilder(IHostApplicationBuilder host, EventTypeRegistry eventTypes)
    {
        Host = host;
        EventTypes = eventTypes;
    }

    /// <summary>The host's services.</summary>
    public IServiceCollection Services => Host.Services;

    internal IHostApplicationBuilder Host { get; }

    internal EventTypeRegistry EventTypes { get; }

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
        EventTypes.Add(new EventType(type, typeof(T), json));
        return this;
    }

    /// <summary>What consumers and reclaimers share.</summary>
    internal void AddStorage()
    {
        Services.TryAddSingleton<RedisConnections>();
        Services.TryAddSingleton<ConsumerGroups>();
        Services.TryAddSingleton<DeadLetterProjector>();
    }
}
