using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Ledger;
using FanOut.EventBus.Retention;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Reclaiming;

/// <summary>Adds a reclaimer to the event bus.</summary>
public static class ReclaimerEventBusBuilderExtensions
{
    /// <summary>
    /// Looks after what is nobody's, for every registered group of the stream: gives entries of dead lanes to live ones, dead-letters what was delivered too often, removes dead consumers, creates missing groups,
    /// keeps checkpoints, compacts the inbox, compares it with what was published, trims the stream, samples lag and pending entries, and evaluates the <see cref="KafkaTrigger"/>. Any number of processes may do so.
    /// </summary>
    /// <param name="bus">The event bus.</param>
    /// <param name="configure">Changes the options after they were read from <see cref="ReclaimerOptions.SectionName"/>; may be null.</param>
    /// <returns>The event bus.</returns>
    public static EventBusBuilder AddReclaimer(this EventBusBuilder bus, Action<ReclaimerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(bus);
        var services = bus.Services;
        if (services.Any(service => service.ServiceType == typeof(Reclaimer)))
        {
            throw new InvalidOperationException("AddReclaimer is called twice: one reclaimer looks after all groups of the stream.");
        }

        var options = services.AddOptions<ReclaimerOptions>()
            .BindConfiguration(ReclaimerOptions.SectionName)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        bus.AddDeadLetters();
        bus.AddStreamSampler();
        services.AddSingleton<HandOver>();
        services.AddSingleton<MissingEntries>();
        services.AddSingleton<ExhaustedEntries>();
        services.AddSingleton<DeadLanes>();
        services.AddSingleton<Checkpoints>();
        services.AddSingleton<InboxCompaction>();
        services.AddSingleton<LedgerMetrics>();
        services.AddSingleton<InboxLedger>();
        services.AddSingleton<RetentionMetrics>();
        services.AddSingleton<StreamTrimmer>();
        services.AddSingleton<OutboxRetention>();
        services.AddSingleton<ReclaimerMetrics>();
        services.AddSingleton<GroupReclaimer>();
        services.AddSingleton<Reclaimer>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<Reclaimer>());
        services.AddHealthChecks().AddCheck<ReclaimerHealthCheck>("reclaimer", tags: ["ready"]).AddCheck<KafkaTriggerHealthCheck>("kafka-trigger");
        services.AddOptions<KafkaTriggerOptions>()
            .BindConfiguration(KafkaTriggerOptions.SectionName)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddSingleton(provider => new KafkaTrigger(provider.GetRequiredService<IOptions<KafkaTriggerOptions>>()));
        services.AddSingleton<KafkaTriggerWatch>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<KafkaTriggerWatch>());
        return bus;
    }

    /// <summary>Adds only the <see cref="StreamSampler"/>, for a process that shows how the stream stands without looking after it.</summary>
    /// <param name="bus">The event bus.</param>
    /// <returns>The event bus.</returns>
    public static EventBusBuilder AddStreamSampler(this EventBusBuilder bus)
    {
        ArgumentNullException.ThrowIfNull(bus);
        bus.Services.AddOptions<RetentionOptions>()
            .BindConfiguration(RetentionOptions.SectionName)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        bus.Services.TryAddSingleton<RegisteredGroups>();
        bus.Services.TryAddSingleton(provider => new StreamSampler(
            provider.GetRequiredService<IConnectionMultiplexer>(),
            provider.GetRequiredService<NpgsqlDataSource>(),
            provider.GetRequiredService<RegisteredGroups>(),
            provider.GetRequiredService<IOptions<EventBusOptions>>(),
            provider.GetRequiredService<IOptions<RetentionOptions>>(),
            provider.GetRequiredService<TimeProvider>()));
        return bus;
    }
}
