using System.Diagnostics.Metrics;
using FanOut.EventBus.Telemetry;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// The newest sample of a stream as gauges. A sample that is too old is no longer shown: a gap in a graph is honest, a flat line is not;
/// <c>fanout.reclaimer.healthy</c> is always there. Every replica shows the same state: take the maximum over replicas, not the sum.
/// </summary>
internal sealed class ReclaimerMetrics
{
    private readonly StreamName _stream;
    private readonly StreamSampler _sampler;
    private readonly Meter _meter;

    public ReclaimerMetrics(StreamName stream, EventBusMetrics metrics, StreamSampler sampler)
    {
        (_stream, _meter, _sampler) = (stream, metrics.Meter, sampler);
        _meter.CreateObservableGauge(
            "fanout.reclaimer.healthy",
            () => new Measurement<int>(sampler.Fresh is not null && sampler.Failure is null ? 1 : 0, EventBusTelemetry.StreamTags(stream)),
            "1",
            "1 where the reclaimer's last sample could be taken, 0 otherwise.");
        AddGroup("fanout.group.lag", group => group.Lag, "{message}", "Events that the group has still to do.");
        AddGroup("fanout.group.lag.duration", group => group.LagDuration.TotalSeconds, "s", "Age of the oldest event that the group has not taken.");
        AddGroup("fanout.group.pending", group => group.Pending, "{message}", "Entries delivered and not acknowledged.");
        AddGroup("fanout.group.waiting", group => group.Waiting, "{message}", "Events that wait in the retry queue for their next attempt.");
        AddGroup("fanout.group.lanes", group => group.LiveLanes, "{lane}", "Lanes that are alive.");
        AddGroup("fanout.dlq.depth", group => group.DeadLetters, "{message}", "Dead letters about which nothing is decided.");
        _meter.CreateObservableGauge(
            "fanout.consumer.idle", ObserveConsumers, "s", "Time since the last sign of life of each consumer with pending entries.");
        AddStream("fanout.stream.length", sample => sample.Length, "{message}", "Entries on the stream.");
        AddStream("fanout.stream.memory", sample => sample.Memory, "By", "Memory that the stream uses, as Redis estimates it.");
        AddStream("fanout.stream.length.left", sample => (long?)sample.LengthLeft?.TotalSeconds, "s",
            "Time until the stream reaches its greatest length, should it grow as in the last ten minutes; absent where it does not.");
        AddStream("fanout.redis.memory.used", sample => sample.MemoryUsed, "By", "Memory that Redis uses.");
        AddStream("fanout.redis.memory.limit", sample => sample.MemoryLimit, "By", "Memory that Redis may use; absent without a limit.");
        AddStream("fanout.redis.memory.left", sample => (long?)sample.MemoryLeft?.TotalSeconds, "s",
            "Time until Redis' memory is used up, should it grow as in the last ten minutes; absent where it is not.");
    }

    private void AddGroup(string name, Func<GroupSample, double> value, string unit, string description) => _meter.CreateObservableGauge(
        name,
        () => _sampler.Fresh?.Groups.Where(group => group.Exists).Select(
            group => new Measurement<double>(value(group), EventBusTelemetry.GroupTags(_stream, group.Group))) ?? [],
        unit,
        description);

    private void AddStream(string name, Func<StreamSample, long?> value, string unit, string description) => _meter.CreateObservableGauge(
        name,
        () => _sampler.Fresh is { } sample && value(sample) is { } number
            ? [new Measurement<long>(number, EventBusTelemetry.StreamTags(_stream))]
            : Array.Empty<Measurement<long>>(),
        unit,
        description);

    private IEnumerable<Measurement<double>> ObserveConsumers()
    {
        foreach (var group in _sampler.Fresh?.Groups ?? [])
        {
            foreach (var consumer in group.Consumers.Where(consumer => consumer.Pending > 0))
            {
                var tags = EventBusTelemetry.GroupTags(_stream, group.Group);
                tags.Add("messaging.client.id", consumer.Name);
                yield return new Measurement<double>(consumer.Idle.TotalSeconds, tags);
            }
        }
    }
}
