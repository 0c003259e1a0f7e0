using FanOut.EventBus.Groups;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus;

/// <summary>Adds the event bus to a host.</summary>
public static class EventBusRegistrationExtensions
{
    /// <summary>
    /// Adds what all parts of the event bus share: options, the schema <c>bus</c> in Postgres, telemetry, and a check of the Redis server at start
    /// (version, eviction policy, persistence). An <c>IConnectionMultiplexer</c> and an <c>NpgsqlDataSource</c> must be registered.
    /// </summary>
    /// <param name="builder">The host.</param>
    /// <param name="configure">
    /// Changes the options after they were read from the section <see cref="EventBusOptions.SectionName"/>; may be null.
    /// </param>
    /// <returns>A builder that adds event types and streams.</returns>
    /// <exception cref="InvalidOperationException">It was called before for this host.</exception>
    public static EventBusBuilder AddEventBus(this IHostApplicationBuilder builder, Action<EventBusOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Services.AddEventBus(configure);
    }

    /// <inheritdoc cref="AddEventBus(IHostApplicationBuilder, Action{EventBusOptions}?)"/>
    /// <param name="services">The host's services; an <c>IConfiguration</c> must be among them when they are used.</param>
    /// <param name="configure">
    /// Changes the options after they were read from the section <see cref="EventBusOptions.SectionName"/>; may be null.
    /// </param>
    public static EventBusBuilder AddEventBus(this IServiceCollection services, Action<EventBusOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(EventTypeRegistry)))
        {
            throw new InvalidOperationException(
                "AddEventBus was called twice: keep the builder that the first call returned, and add every stream to it.");
        }

        var options = services.AddOptions<EventBusOptions>()
            .BindConfiguration(EventBusOptions.SectionName)
            .PostConfigure<IServiceProvider>(static (value, provider) => value.Source = value.Source.Length > 0
                ? value.Source
                : provider.GetService<IHostEnvironment>()?.ApplicationName ?? AppDomain.CurrentDomain.FriendlyName)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        var (eventTypes, streams) = (new EventTypeRegistry(), new StreamNames());
        services.AddHealthChecks();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(eventTypes);
        services.AddSingleton(streams);
        services.AddSingleton<EventBusMetrics>();
        services.AddSingleton<RedisConnections>();
        services.AddSingleton<StreamCatalog>();
        services.AddSingleton<ConsumerGroups>();
        services.AddSingleton<OutboxWakeUps>();
        services.AddHostedService<RedisServerCheck>();
        services.AddSchemaMigrations("bus", typeof(EventBusBuilder).Assembly, isShared: true);
        return new EventBusBuilder(services, eventTypes, streams);
    }
}
