using FanOut.EventBus.Migrations;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus;

/// <summary>Adds the event bus to a host.</summary>
public static class EventBusHostApplicationBuilderExtensions
{
    /// <summary>
    /// Adds what all parts of the event bus share: options, the schema <c>bus</c> in Postgres, telemetry, and a check of the Redis server at start (version, eviction policy, persistence).
    /// An <c>IConnectionMultiplexer</c> and an <c>NpgsqlDataSource</c> must be registered.
    /// </summary>
    /// <param name="builder">The host.</param>
    /// <param name="configure">Changes the options after they were read from the section <see cref="EventBusOptions.SectionName"/>; may be null.</param>
    /// <exception cref="InvalidOperationException">It was called before for this host.</exception>
    /// <returns>A builder that adds an outbox, consumer groups or a reclaimer.</returns>
    public static EventBusBuilder AddEventBus(this IHostApplicationBuilder builder, Action<EventBusOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.Any(service => service.ServiceType == typeof(EventTypeRegistry)))
        {
            throw new InvalidOperationException("AddEventBus was called twice: keep the builder that the first call returned, and add every event, group, outbox and reclaimer of this process to it.");
        }

        var options = builder.Services.AddOptions<EventBusOptions>()
            .BindConfiguration(EventBusOptions.SectionName)
            .PostConfigure(value => value.Source = value.Source.Length > 0 ? value.Source : builder.Environment.ApplicationName)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        var eventTypes = new EventTypeRegistry();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(eventTypes);
        builder.Services.AddSingleton<EventBusMetrics>();
        builder.Services.AddSingleton<RedisServerCheck>();
        builder.Services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<RedisServerCheck>());
        builder.Services.AddSchemaMigrations("bus", typeof(EventBusBuilder).Assembly);
        return new EventBusBuilder(builder, eventTypes);
    }
}
