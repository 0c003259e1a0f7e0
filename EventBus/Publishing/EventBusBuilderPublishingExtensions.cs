using FanOut.EventBus.Groups;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus;

/// <summary>Adds what publishes events.</summary>
public static class EventBusBuilderPublishingExtensions
{
    /// <summary>
    /// Adds the <see cref="Outbox"/> and the relay that publishes it to the stream. Any number of replicas may run: one of them leads, the others stand by. Adds the health check <c>relay</c>,
    /// which is not one of liveness.
    /// </summary>
    /// <param name="builder">The event bus.</param>
    /// <param name="configure">Changes the options after they were read from the section <see cref="OutboxOptions.SectionName"/>; may be null.</param>
    /// <returns><paramref name="builder"/>.</returns>
    public static EventBusBuilder AddOutbox(this EventBusBuilder builder, Action<OutboxOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        var options = services.AddOptions<OutboxOptions>().BindConfiguration(OutboxOptions.SectionName).ValidateDataAnnotations().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddSingleton<ConsumerGroups>();
        services.AddSingleton<RelayStatus>();
        services.AddSingleton<OutboxBacklog>();
        services.AddSingleton<OutboxWakeUp>();
        services.AddSingleton(provider => new Outbox(
            Bus(provider),
            provider.GetRequiredService<EventTypeRegistry>(),
            provider.GetRequiredService<OutboxWakeUp>(),
            provider.GetRequiredService<OutboxBacklog>(),
            provider.GetRequiredService<IOptions<OutboxOptions>>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Relay>(provider, Stream(provider)));
        services.AddSingleton<IHostedService>(provider => new PublisherKind(Stream(provider), outbox: true, provider.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<OutboxBacklog>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<OutboxWakeUp>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<Relay>());
        services.AddHealthChecks().AddCheck<RelayHealthCheck>("relay", HealthStatus.Unhealthy, ["ready"]);
        return builder;
    }

    /// <summary>Adds a <see cref="StreamPublisher"/>, for a stream that has no outbox.</summary>
    /// <param name="builder">The event bus.</param>
    /// <returns><paramref name="builder"/>.</returns>
    public static EventBusBuilder AddDirectPublisher(this EventBusBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(provider => new StreamPublisher(
            Bus(provider),
            provider.GetRequiredService<IConnectionMultiplexer>(),
            provider.GetRequiredService<EventTypeRegistry>(),
            provider.GetRequiredService<EventBusMetrics>(),
            provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<IHostedService>(provider => new PublisherKind(Stream(provider), outbox: false, provider.GetRequiredService<NpgsqlDataSource>()));
        return builder;
    }

    private static EventBusOptions Bus(IServiceProvider provider) => provider.GetRequiredService<IOptions<EventBusOptions>>().Value;

    private static StreamName Stream(IServiceProvider provider) => new(Bus(provider).Stream);
}
