using System.Diagnostics.Metrics;

namespace FanOut.EventBus.Telemetry;

/// <summary>
/// The library's counters and histograms, named by the OpenTelemetry semantic conventions for messaging where these have a name
/// (<see href="https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/"/>), <c>fanout.*</c> otherwise.
/// </summary>
internal sealed class EventBusMetrics
{
    private readonly Counter<long> _sent;
    private readonly Counter<long> _consumed;
    private readonly Histogram<double> _processDuration;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _parked;
    private readonly Counter<long> _deadLettered;
    private readonly Counter<long> _lost;
    private readonly Counter<long> _decided;
    private readonly Counter<long> _redrivenAgain;

    public EventBusMetrics(IMeterFactory meters)
    {
        Meter = meters.Create(EventBusTelemetry.Name, EventBusTelemetry.Version);
        _sent = Meter.CreateCounter<long>("messaging.client.sent.messages", "{message}", "Events appended to the stream.");
        _consumed = Meter.CreateCounter<long>("messaging.client.consumed.messages", "{message}", "Entries delivered to the group's lanes.");
        _processDuration = Meter.CreateHistogram<double>("messaging.process.duration", "s", "Time from a batch's delivery to its commit.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] });
        _duplicates = Meter.CreateCounter<long>("fanout.inbox.duplicates", "{message}", "Deliveries whose effect had been committed before and was not repeated.");
        _parked = Meter.CreateCounter<long>("fanout.events.parked", "{message}", "Failed deliveries that wait for their next attempt.");
        _deadLettered = Meter.CreateCounter<long>("fanout.events.dead_lettered", "{message}", "Events that became dead letters.");
        _lost = Meter.CreateCounter<long>("fanout.events.missing", "{message}", "Pending entries that were no longer on the stream when their turn came.");
        _decided = Meter.CreateCounter<long>("fanout.dlq.decisions", "{message}", "Dead letters that somebody redrove or discarded.");
        _redrivenAgain = Meter.CreateCounter<long>("fanout.dlq.redriven_again", "{message}", "Redriven events added once more to the redrive stream, because Redis did not have them.");
    }

    public Meter Meter { get; }

    public void Sent(StreamName stream, int count) => _sent.Add(count, EventBusTelemetry.StreamTags(stream, "send"));

    public void Consumed(StreamName stream, GroupName group, int count) => _consumed.Add(count, EventBusTelemetry.GroupTags(stream, group, "receive"));

    public void Processed(StreamName stream, GroupName group, TimeSpan duration, string? errorType)
    {
        var tags = EventBusTelemetry.GroupTags(stream, group, "process");
        if (errorType is not null)
        {
            tags.Add("error.type", errorType);
        }

        _processDuration.Record(duration.TotalSeconds, tags);
    }

    public void Decided(StreamName stream, GroupName group, string decision, int count)
    {
        var tags = EventBusTelemetry.GroupTags(stream, group);
        tags.Add("fanout.dlq.decision", decision);
        _decided.Add(count, tags);
    }

    public void RedrivenAgain(StreamName stream, GroupName group, int count) => _redrivenAgain.Add(count, EventBusTelemetry.GroupTags(stream, group));

    /// <summary>Counts what became of deliveries that were not plainly done.</summary>
    public void Count(StreamName stream, GroupName group, int duplicates, int parked, int deadLettered)
    {
        foreach (var (counter, count) in new[] { (_duplicates, duplicates), (_parked, parked), (_deadLettered, deadLettered) })
        {
            if (count > 0)
            {
                counter.Add(count, EventBusTelemetry.GroupTags(stream, group));
            }
        }
    }

    public void Missing(StreamName stream, GroupName group, int count) => _lost.Add(count, EventBusTelemetry.GroupTags(stream, group));
}
