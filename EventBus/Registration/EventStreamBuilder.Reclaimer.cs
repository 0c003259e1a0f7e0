using FanOut.EventBus.Database;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Maintenance;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Retrying;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus;

public sealed partial class EventStreamBuilder
{
    /// <summary>
    /// Adds a reclaimer of the stream: it moves what dead workers left to the retry queues, brings what Redis has lost from the outbox, trims
    /// the stream, adds and drops partitions of the outbox, and samples the stream. Every stream needs one; any number of replicas may run.
    /// Adds <see cref="StreamSampler"/>, <see cref="SampleHistory"/>, <see cref="EventLog"/>, <see cref="GroupBacklog"/> and
    /// <see cref="KafkaTrigger"/>, and the health checks <c>reclaimer-{stream}</c> and <c>kafka-trigger-{stream}</c>.
    /// </summary>
    /// <param name="configure">
    /// Changes the options after they were read from the sections <see cref="ReclaimerOptions.SectionName"/> and
    /// <c>EventBus:Streams:{stream}:Reclaimer</c>; may be null.
    /// </param>
    /// <returns>This builder.</returns>
    public EventStreamBuilder AddReclaimer(Action<ReclaimerOptions>? configure = null)
    {
        AddDeadLetters();

        // The relay's options too: the reclaimer warns before the stream reaches the length at which the relay trims it.
        string[] sections =
        [
            OutboxOptions.SectionName, $"EventBus:Streams:{Name}:Outbox", ReclaimerOptions.SectionName, $"EventBus:Streams:{Name}:Reclaimer",
        ];
        AddOptions(Name.Value, configure, sections);
        AddOptions<KafkaTriggerOptions>(Name.Value, configure: null, KafkaTriggerOptions.SectionName, $"EventBus:Streams:{Name}:KafkaTrigger");
        Require(RedisAccess.OfReclaimer(Name), RelationAccess.OfReclaimer);
        AddSingleton(provider => Create<StreamOwnership>(provider));
        AddSingleton(provider => new StreamSampler(
            Name, Get<StreamCatalog>(provider), Get<IConnectionMultiplexer>(provider), Get<NpgsqlDataSource>(provider),
            Options<ReclaimerOptions>(provider), Get<TimeProvider>(provider)));
        AddSingleton(provider => new SampleHistory(Name, Get<StreamCatalog>(provider), Get<NpgsqlDataSource>(provider)));
        AddSingleton(provider => new EventLog(
            Name, Get<StreamCatalog>(provider), Get<IConnectionMultiplexer>(provider), Get<NpgsqlDataSource>(provider)));
        AddSingleton(provider => new GroupBacklog(
            Name, Get<StreamCatalog>(provider), Get<ConsumerGroups>(provider), Get<IConnectionMultiplexer>(provider),
            Get<NpgsqlDataSource>(provider)));
        AddSingleton(provider => Create<ReclaimerMetrics>(provider, Name, Own<StreamSampler>(provider)));
        AddSingleton(provider => new KafkaTrigger(Options<KafkaTriggerOptions>(provider)));
        AddSingleton(provider => Create<KafkaTriggerWatch>(provider, Name, Own<KafkaTrigger>(provider), Options<KafkaTriggerOptions>(provider)));
        AddHealthCheck($"reclaimer-{Name}", provider => new ReclaimerHealthCheck(Own<StreamSampler>(provider), Options<ReclaimerOptions>(provider)));
        AddHealthCheck($"kafka-trigger-{Name}", Own<KafkaTriggerWatch>);
        AddHostedService(provider =>
        {
            var consumer = $"{StreamSampler.ReclaimerPrefix}{Environment.MachineName}-{Guid.NewGuid():n}";
            return Create<ReclaimerService>(
                provider,
                Name,
                Options<ReclaimerOptions>(provider),
                (StreamIdentity stream) => CreateConcerns(provider, stream),
                (RegisteredGroup group) => CreateConcerns(provider, group, consumer));
        });
        return this;
    }

    /// <summary>What a reclaimer does for the stream as a whole.</summary>
    private IEnumerable<Concern> CreateConcerns(IServiceProvider provider, StreamIdentity stream)
    {
        var (options, sampler, trigger) = (Options<ReclaimerOptions>(provider), Own<StreamSampler>(provider), Own<KafkaTriggerWatch>(provider));
        var history = Own<SampleHistory>(provider);
        var of = $"of stream '{stream.Name}'";
        Own<ReclaimerMetrics>(provider);
        return
        [
            new($"trim the entries {of}", options.Interval, Create<StreamTrimmer>(provider, stream, Own<StreamOwnership>(provider)).PassAsync),
            Concern.Of($"add outbox partitions {of}", options.UpkeepInterval, Create<PartitionsAhead>(provider, stream).PassAsync),
            Concern.Of($"prune the outbox {of}", options.UpkeepInterval, Create<OutboxPruner>(provider, stream, options.KeepOutboxFor).PassAsync),
            Concern.Of($"take a sample {of}", options.SampleInterval, async token =>
                await history.KeepAsync(await sampler.SampleAsync(token), token)),
            Concern.Of($"remove the old history {of}", options.UpkeepInterval, history.RemoveOldAsync),
            Concern.Of($"evaluate the Kafka trigger {of}", options.UpkeepInterval, async token =>
                await trigger.RunOnceAsync(stream, sampler.Latest ?? await sampler.SampleAsync(token), token)),
        ];
    }

    /// <summary>What a reclaimer does for each group.</summary>
    private IEnumerable<Concern> CreateConcerns(IServiceProvider provider, RegisteredGroup group, string consumer)
    {
        var (options, ownership) = (Options<ReclaimerOptions>(provider), Own<StreamOwnership>(provider));
        var (queue, mirror) = (Create<RetryQueue>(provider, group), Create<DeadLetterMirror>(provider));
        var of = $"of group '{group.Name}' of stream '{group.Stream.Name}'";
        return
        [
            Concern.Of($"reclaim pending entries {of}", options.Interval, Create<PendingReclaimer>(provider, group, ownership, consumer).PassAsync),
            Concern.Of($"maintain the consumers {of}", options.UpkeepInterval, Create<ConsumerUpkeep>(provider, group, consumer).PassAsync),
            Concern.Of($"record the progress {of}", options.ReconcileInterval, Create<DoneThrough>(provider, group).PassAsync),
            new($"reconcile the events {of}", options.ReconcileInterval, Create<LostEvents>(provider, group, ownership).PassAsync),
            new($"mirror the dead letters {of}", options.Interval, async token =>
                await mirror.RunOnceAsync(group, token) == DeadLetterMirror.MaxPerCall),
            new($"remove old dead letters {of}", options.UpkeepInterval, async token =>
                await queue.RemoveOldAsync(options.KeepDeadLettersFor, token) == RetryQueue.MaxPerCall),
            Concern.Of($"remove old copies of dead letters {of}", options.UpkeepInterval, token =>
                mirror.TrimAsync(group, options.KeepDeadLettersFor, Get<TimeProvider>(provider).GetUtcNow()).WaitAsync(token)),
            new($"retire events of unknown types {of}", options.UpkeepInterval, async token =>
                await queue.RetireUnknownAsync(token) >= RetryQueue.MaxPerCall),
        ];
    }
}
