using System.Diagnostics;
using System.Diagnostics.Metrics;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Options;

namespace FanOut.EventBus.Reclaiming;

/// <summary>
/// What the reclaimer did, and its newest sample as gauges. A sample that is too old is no longer shown: a gap in a graph is honest, a flat line is not; <c>fanout.reclaimer.healthy</c> is always there.
/// Every replica shows the same state: take the maximum over replicas, not the sum.
/// </summary>
internal sealed class ReclaimerMetrics
{
    private readonly StreamSampler _sampler;
    private readonly ReclaimerOptions _options;
    private readonly TimeProvider _time;
    private readonly Counter<long> _handedOver;
    private readonly Counter<long> _removed;
    private readonly Counter<long> _merged;
    private volatile bool _isHealthy;

    public ReclaimerMetrics(EventBusMetrics metrics, StreamSampler sampler, IOptions<EventBusOptions> busOptions, IOptions<ReclaimerOptions> options, TimeProvider time)
    {
        var stream = new TagList { { "messaging.system", "redis" }, { "messaging.destination.name", busOptions.Value.Stream } };
        _sampler = sampler;
        _options = options.Value;
        _time = time;
        var meter = metrics.Meter;
        _handedOver = meter.CreateCounter<long>("fanout.entries.handed_over", "{message}", "Pending entries given to another lane.");
        _removed = meter.CreateCounter<long>("fanout.consumers.removed", "{consumer}", "Consumers of dead lanes that were deleted.");
        _merged = meter.CreateCounter<long>("fanout.inbox.merged", "{range}", "Inbox ranges saved by merging adjacent ones.");
        meter.CreateObservableGauge("fanout.reclaimer.healthy", () => new Measurement<int>(_isHealthy ? 1 : 0, stream), "1", "1 where the reclaimer's last pass succeeded, 0 otherwise.");
        meter.CreateObservableGauge("fanout.group.lag", () => Observe(group => group.Lag), "{message}", "Events on the stream that were not delivered to the group yet.");
        meter.CreateObservableGauge("fanout.group.lag.duration", () => Observe(group => group.LagDuration.TotalSeconds), "s", "Age of the first event that was not delivered to the group yet.");
        meter.CreateObservableGauge("fanout.group.pending", () => Observe(group => group.Pending), "{message}", "Entries delivered and not finished, parked ones not counted.");
        meter.CreateObservableGauge("fanout.group.parked", () => Observe(group => group.Parked), "{message}", "Failed entries that wait for their next attempt.");
        meter.CreateObservableGauge("fanout.group.lanes", () => Observe(group => group.LiveLanes), "{lane}", "Lanes that are alive.");
        meter.CreateObservableGauge("fanout.dlq.depth", () => Observe(group => group.DeadLetters), "{message}", "Dead letters that nobody has decided about.");
        meter.CreateObservableGauge("fanout.consumer.idle", ObserveConsumers, "s", "Time without a sign of life of each consumer's lowest pending entry.");
        meter.CreateObservableGauge("fanout.stream.length", () => ObserveStream(sample => sample.Length), "{message}", "Entries on the stream.");
        meter.CreateObservableGauge("fanout.redis.memory.used", () => ObserveStream(sample => sample.MemoryUsed), "By", "Memory that Redis uses.");
        meter.CreateObservableGauge("fanout.redis.memory.limit", () => ObserveStream(sample => sample.MemoryLimit), "By", "Memory that Redis may use; absent without a limit.");
        meter.CreateObservableGauge("fanout.redis.memory.left", () => ObserveStream(sample => (long?)sample.MemoryLeft?.TotalSeconds), "s", "Time until Redis' memory is used up, should it grow as in the last ten minutes; absent where it is not.");
        meter.CreateObservableGauge("fanout.stream.length.left", () => ObserveStream(sample => (long?)sample.LengthLeft?.TotalSeconds), "s", "Time until the stream reaches its hard cap, should it grow as in the last ten minutes; absent where it does not.");
    }

    /// <summary>The newest sample, unless it is too old to speak for now.</summary>
    public StreamSample? Fresh => _sampler.Latest is { } sample && _time.GetUtcNow() - sample.Time < StaleAfter ? sample : null;

    /// <summary>Ten intervals, at least 15 seconds.</summary>
    public TimeSpan StaleAfter => TimeSpan.FromTicks(Math.Max(_options.Interval.Ticks * 10, TimeSpan.FromSeconds(15).Ticks));

    public void PassEnded(bool succeeded) => _isHealthy = succeeded;

    public void HandedOver(RegisteredGroup group, int count) => Add(_handedOver, group, count);

    public void Removed(RegisteredGroup group, int count) => Add(_removed, group, count);

    public void Merged(RegisteredGroup group, int count) => Add(_merged, group, count);

    private static void Add(Counter<long> counter, RegisteredGroup group, int count)
    {
        if (count > 0)
        {
            counter.Add(count, EventBusTelemetry.GroupTags(group.Stream, group.Name));
        }
    }

    private IEnumerable<Measurement<T>> Observe<T>(Func<GroupSample, T> value)
        where T : struct
        => Fresh?.Groups.Where(group => group.Exists).Select(group => new Measurement<T>(value(group), EventBusTelemetry.GroupTags(group.Stream, group.Group))) ?? [];

    private IEnumerable<Measurement<double>> ObserveConsumers()
    {
        foreach (var group in Fresh?.Groups ?? [])
        {
            foreach (var consumer in group.Consumers)
            {
                var tags = EventBusTelemetry.GroupTags(group.Stream, group.Group);
                tags.Add("messaging.client.id", consumer.Name);
                yield return new(consumer.Idle.TotalSeconds, tags);
            }
        }
    }

    private IEnumerable<Measurement<long>> ObserveStream(Func<StreamSample, long?> value)
    {
        if (Fresh is { } sample && value(sample) is { } number)
        {
            yield return new(number, new TagList { { "messaging.system", "redis" }, { "messaging.destination.name", sample.Stream.Value } });
        }
    }
}
