using System.Diagnostics;
using System.Diagnostics.Metrics;
using FanOut.EventBus.Telemetry;

namespace FanOut.EventBus.Publishing;

/// <summary>What can be measured of the outbox and its relay.</summary>
internal sealed class RelayMetrics
{
    private readonly EventBusMetrics _metrics;
    private readonly StreamName _stream;
    private readonly TagList _tags;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _givenUp;
    private readonly Counter<long> _republished;
    private readonly Counter<long> _replaced;
    private readonly Counter<long> _foreign;
    private readonly Counter<long> _conflicts;
    private long _gaps;

    public RelayMetrics(EventBusMetrics metrics, StreamName stream, RelayStatus status, OutboxBacklog backlog)
    {
        _metrics = metrics;
        _stream = stream;
        _tags = EventBusTelemetry.StreamTags(stream, "send");
        var tags = new KeyValuePair<string, object?>[] { new("messaging.system", "redis"), new("messaging.destination.name", stream.Value) };
        var meter = metrics.Meter;
        _batchSize = meter.CreateHistogram("fanout.relay.batch.size", "{message}", "Events in a batch that was appended.",
            advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] });
        _duration = meter.CreateHistogram("messaging.client.operation.duration", "s", "Time that Redis took to answer one attempt to append a batch.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] });
        _givenUp = meter.CreateCounter<long>("fanout.relay.gaps.given_up", "{position}", "Outbox positions that were drawn by transactions that rolled back.");
        _republished = meter.CreateCounter<long>("fanout.relay.republished", "{message}", "Events put back under the ids they had, after Redis had lost entries or a relay had died.");
        _replaced = meter.CreateCounter<long>("fanout.relay.replaced", "{message}", "Events that were given new ids because a foreign entry got above their first ones.");
        _foreign = meter.CreateCounter<long>("fanout.relay.foreign", "{message}", "Foreign entries that were moved out of the way.");
        _conflicts = meter.CreateCounter<long>("fanout.relay.conflicts", "{conflict}", "Contradictions that have stopped the relay.");
        meter.CreateObservableGauge("fanout.relay.leader", () => new Measurement<int>(status.Leads ? 1 : 0, tags), "{leader}", "1 where this process' relay leads.");
        meter.CreateObservableGauge("fanout.relay.gaps", () => new Measurement<long>(Volatile.Read(ref _gaps), tags), "{position}", "Outbox positions that were drawn but are not visible: in flight, or rolled back a moment ago.");
        meter.CreateObservableGauge("fanout.outbox.backlog", () => new Measurement<long>(backlog.Events, tags), "{message}", "Events in the outbox that have no entry id yet. The same number in every replica.");
        meter.CreateObservableGauge("fanout.outbox.backlog.age", () => new Measurement<double>(backlog.Age.TotalSeconds, tags), "s", "For how long the oldest of them has waited, to the second.");
    }

    public void Attempted(TimeSpan duration, string? error)
    {
        var tags = _tags;
        tags.Add("messaging.operation.type", "send");
        if (error is not null)
        {
            tags.Add("error.type", error);
        }

        _duration.Record(duration.TotalSeconds, tags);
    }

    public void Appended(int count)
    {
        if (count > 0)
        {
            _batchSize.Record(count, _tags);
            _metrics.Sent(_stream, count);
        }
    }

    public void GapsAre(long positions) => Volatile.Write(ref _gaps, positions);

    public void GaveUp(long positions) => _givenUp.Add(positions, _tags);

    public void Republished(int count) => _republished.Add(count, _tags);

    public void Replaced(int count) => _replaced.Add(count, _tags);

    public void MovedForeign(int count) => _foreign.Add(count, _tags);

    public void Conflict() => _conflicts.Add(1, _tags);
}
