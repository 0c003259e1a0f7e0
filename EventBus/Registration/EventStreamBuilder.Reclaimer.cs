using FanOut.EventBus.Groups;
using FanOut.EventBus.Maintenance;
using FanOut.EventBus.Retrying;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus;

public sealed partial class EventStreamBuilder
{
    /// <summary>
    /// Adds a reclaimer of the stream: it moves what dead workers left to the retry queues, brings what Redis has lost from the outbox, trims
    /// the stream, and adds and drops partitions of the outbox. Every stream needs one; any number of replicas may run.
    /// </summary>
    /// <param name="configure">
    /// Changes the options after they were read from the sections <see cref="ReclaimerOptions.SectionName"/> and
    /// <c>EventBus:Streams:{stream}:Reclaimer</c>; may be null.
    /// </param>
    /// <returns>This builder.</returns>
    public EventStreamBuilder AddReclaimer(Action<ReclaimerOptions>? configure = null)
    {
        AddSampling();
        AddDeadLetters();
        AddOptions(Name.Value, configure, ReclaimerOptions.SectionName, $"EventBus:Streams:{Name}:Reclaimer");
        AddSingleton(provider => new StreamOwnership(
            provider.GetRequiredService<IConnectionMultiplexer>(), provider.GetRequiredService<StreamCatalog>(), Logger<StreamOwnership>(provider)));
        AddHostedService(provider =>
        {
            var options = provider.GetRequiredService<IOptionsMonitor<ReclaimerOptions>>().Get(Name.Value);
            var consumer = $"reclaimer-{Environment.MachineName}-{Guid.NewGuid():n}";
            return new ReclaimerService(
                Name,
                provider.GetRequiredService<StreamCatalog>(),
                provider.GetRequiredService<ConsumerGroups>(),
                options.GroupInterval,
                stream => CreateConcerns(provider, options, stream),
                group => CreateConcerns(provider, options, consumer, group),
                provider.GetRequiredService<TimeProvider>(),
                Logger<ReclaimerService>(provider));
        });
        return this;
    }

    /// <summary>Adds <see cref="ConsumerGroupAdministration"/>.</summary>
    /// <returns>This builder.</returns>
    public EventStreamBuilder AddGroupAdministration()
    {
        AddSingleton(provider => new ConsumerGroupAdministration(
            Name, provider.GetRequiredService<StreamCatalog>(), provider.GetRequiredService<ConsumerGroups>()));
        return this;
    }

    /// <summary>What a reclaimer does for a stream as a whole.</summary>
    private static IEnumerable<Concern> CreateConcerns(IServiceProvider provider, ReclaimerOptions options, StreamIdentity stream)
    {
        var redis = provider.GetRequiredService<IConnectionMultiplexer>();
        var postgres = provider.GetRequiredService<NpgsqlDataSource>();
        var groups = provider.GetRequiredService<ConsumerGroups>();
        var time = provider.GetRequiredService<TimeProvider>();
        var trimmer = new StreamTrimmer(
            redis, groups, Ownership(provider, stream), provider.GetRequiredService<EventBusMetrics>(), Logger<StreamTrimmer>(provider));
        yield return new Concern($"trim stream '{stream.Name}'", options.TrimInterval, token => trimmer.PassAsync(stream, token));

        var ahead = new PartitionsAhead(postgres, time, Logger<PartitionsAhead>(provider));
        yield return new Concern(
            $"add outbox partitions of stream '{stream.Name}'", options.PartitionInterval, token => ahead.PassAsync(stream, token));

        var pruner = new OutboxPruner(postgres, groups, time, options.KeepOutboxFor, Logger<OutboxPruner>(provider));
        yield return new Concern($"prune the outbox of stream '{stream.Name}'", options.PartitionInterval, token => pruner.PassAsync(stream, token));
        foreach (var sampling in SamplingConcerns(provider, stream))
        {
            yield return sampling;
        }
    }

    /// <summary>What a reclaimer does for each group.</summary>
    private static IEnumerable<Concern> CreateConcerns(
        IServiceProvider provider, ReclaimerOptions options, string consumer, RegisteredGroup group)
    {
        var redis = provider.GetRequiredService<IConnectionMultiplexer>();
        var postgres = provider.GetRequiredService<NpgsqlDataSource>();
        var groups = provider.GetRequiredService<ConsumerGroups>();
        var metrics = provider.GetRequiredService<EventBusMetrics>();
        var ownership = Ownership(provider, group.Stream);
        var of = $"of group '{group.Name}' of stream '{group.Stream.Name}'";
        var pending = new PendingReclaimer(redis, postgres, groups, ownership, consumer, metrics, Logger<PendingReclaimer>(provider));
        yield return new Concern($"reclaim pending entries {of}", options.ReclaimInterval, token => pending.PassAsync(group, token));

        var consumers = new ConsumerUpkeep(redis, consumer);
        yield return new Concern($"maintain the consumers {of}", options.ConsumerInterval, token => consumers.PassAsync(group, token));

        var doneThrough = new DoneThrough(postgres, group, provider.GetRequiredService<TimeProvider>(), Logger<DoneThrough>(provider));
        yield return new Concern($"record the progress {of}", options.ReconcileInterval, doneThrough.PassAsync);

        var lost = new LostEvents(redis, postgres, ownership, group, metrics, Logger<LostEvents>(provider));
        yield return new Concern($"reconcile the events {of}", options.ReconcileInterval, lost.PassAsync);

        var mirror = new DeadLetterMirror(redis, postgres);
        yield return new Concern(
            $"mirror the dead letters {of}",
            options.ReclaimInterval,
            async token => await mirror.RunOnceAsync(group, token) == DeadLetterMirror.MaxPerCall);

        var cleanup = new RetryCleanup(postgres);
        yield return new Concern(
            $"remove old dead letters {of}",
            options.ConsumerInterval,
            async token => await cleanup.RunOnceAsync(group, options.KeepDeadLettersFor, token) == RetryCleanup.MaxPerCall);

        var queue = new RetryQueue(postgres, group, metrics);
        yield return new Concern(
            $"retire events of unknown types {of}",
            options.ConsumerInterval,
            async token => await queue.RetireUnknownAsync(token) >= RetryQueue.MaxRetired);
    }

    private static StreamOwnership Ownership(IServiceProvider provider, StreamIdentity stream) =>
        provider.GetRequiredKeyedService<StreamOwnership>(stream.Name.Value);

    private static ILogger<T> Logger<T>(IServiceProvider provider) => provider.GetRequiredService<ILogger<T>>();
}
