using System.Diagnostics;
using System.Diagnostics.Metrics;
using FanOut.EventBus.Telemetry;

namespace FanOut.EventBus.Publishing;

/// <summary>What can be measured of the outbox and its relay.</summary>
internal sealed class RelayMetrics
{
    private static readonly InstrumentAdvice<int> Events = new()
    {
        HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000],
    };

    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    };

    private readonly EventBusMetrics _metrics;
    private readonly StreamName _stream;
    private readonly OutboxBacklog _backlog;
    private readonly TagList _tags;
    private readonly Histogram<int> _batchSize;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _givenUp;
    private readonly Counter<long> _trimmed;
    private readonly Counter<long> _remakes;
    private long _gaps;

    public RelayMetrics(EventBusMetrics metrics, StreamName stream, RelayStatus status, OutboxBacklog backlog)
    {
        (_metrics, _stream, _backlog, _tags) = (metrics, stream, backlog, EventBusTelemetry.StreamTags(stream, "send"));
        var meter = metrics.Meter;
        _batchSize = meter.CreateHistogram("fanout.relay.batch.size", "{message}", "Events that one read of the outbox has brought.", advice: Events);
        _duration = meter.CreateHistogram(
            "messaging.client.operation.duration", "s", "Time that Redis took to append what one read has brought.", advice: Seconds);
        _givenUp = meter.CreateCounter<long>("fanout.relay.gaps.given_up", "{position}", "Outbox positions of transactions that rolled back.");
        _trimmed = meter.CreateCounter<long>("fanout.relay.trimmed", "{entry}", "Entries trimmed because the stream had MaxStreamLength.");
        _remakes = meter.CreateCounter<long>(
            "fanout.relay.remakes", "{stream}", "How often the stream was made anew because it or its state was lost.");
        var tags = new KeyValuePair<string, object?>[] { new("messaging.system", "redis"), new("messaging.destination.name", stream.Value) };
        meter.CreateObservableGauge(
            "fanout.relay.leader", () => new Measurement<int>(status.Leads ? 1 : 0, tags), "{leader}", "1 where this process' relay leads.");
        meter.CreateObservableGauge(
            "fanout.relay.gaps", () => new Measurement<long>(Volatile.Read(ref _gaps), tags), "{position}",
            "Outbox positions that were drawn but are not visible: in flight, or rolled back a moment ago.");
        meter.CreateObservableGauge(
            "fanout.outbox.backlog", () => new Measurement<long>(backlog.Events, tags), "{message}",
            "Events in the outbox that are not on the stream.");
        meter.CreateObservableGauge(
            "fanout.outbox.backlog.age", () => new Measurement<double>(backlog.Age.TotalSeconds, tags), "s",
            "For how long the oldest of them has waited, to the second.");
    }

    /// <summary>Redis has answered what was sent of one page, or has failed to.</summary>
    /// <param name="count">How many events are on the stream.</param>
    /// <param name="state">The last state that is known to be beside it; null where none of them is.</param>
    /// <param name="duration">From sending to the last answer.</param>
    /// <param name="error">Null where all are on the stream.</param>
    public void Appended(int count, StreamState? state, TimeSpan duration, string? error)
    {
        var tags = _tags;
        tags.Add("messaging.operation.type", "send");
        if (error is not null)
        {
            tags.Add("error.type", error);
        }

        _duration.Record(duration.TotalSeconds, tags);
        if (state is not null)
        {
            _batchSize.Record(count, _tags);
            _metrics.Sent(_stream, count);
            _backlog.Reached(state);
        }
    }

    /// <summary>The state with which the relay begins.</summary>
    public void Begins(StreamState state) => _backlog.Reached(state);

    public void Gaps(long open, long givenUp)
    {
        Volatile.Write(ref _gaps, open);
        if (givenUp > 0)
        {
            _givenUp.Add(givenUp, _tags);
        }
    }

    public void Trimmed(long count)
    {
        if (count > 0)
        {
            _trimmed.Add(count, _tags);
        }
    }

    public void StreamMadeAnew() => _remakes.Add(1, _tags);
}
