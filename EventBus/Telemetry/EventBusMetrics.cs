using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace FanOut.EventBus.Telemetry;

/// <summary>
/// The library's counters and histograms, named by the OpenTelemetry semantic conventions for messaging where these have a name
/// (<see href="https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/"/>), <c>fanout.*</c> otherwise.
/// </summary>
internal sealed class EventBusMetrics
{
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };

    private readonly Counter<long> _sent;
    private readonly Counter<long> _consumed;
    private readonly Histogram<double> _processDuration;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _deadLettered;
    private readonly Counter<long> _strays;
    private readonly Counter<long> _ignored;
    private readonly Counter<long> _reclaimed;
    private readonly Counter<long> _reconciled;
    private readonly Counter<long> _decided;
    private readonly Counter<long> _trimmed;

    public EventBusMetrics(IMeterFactory meters)
    {
        Meter = meters.Create(EventBusTelemetry.Name, EventBusTelemetry.Version);
        _sent = Meter.CreateCounter<long>("messaging.client.sent.messages", "{message}", "Events appended to the stream.");
        _consumed = Meter.CreateCounter<long>("messaging.client.consumed.messages", "{message}", "Entries delivered to the group's lanes.");
        _processDuration = Meter.CreateHistogram("messaging.process.duration", "s", "Time from a batch's delivery to its commit.", advice: Seconds);
        _duplicates = Count("fanout.inbox.duplicates", "Deliveries whose effect had been committed before and was not repeated.");
        _retries = Count("fanout.retry.scheduled", "Failed deliveries that wait in the retry queue for their next attempt.");
        _deadLettered = Count("fanout.events.dead_lettered", "Events that became dead letters.");
        _strays = Count("fanout.events.stray", "Entries whose position is not that of an event of this outbox.");
        _ignored = Count("fanout.events.ignored", "Events of a type to which the group has not subscribed.");
        _reclaimed = Count("fanout.events.reclaimed", "Entries that nobody worked on and that the reclaimer moved to the retry queue.");
        _reconciled = Count("fanout.events.reconciled", "Events that the stream had lost and that came from the outbox.");
        _trimmed = Count("fanout.stream.trimmed", "Entries removed from the stream that every registered group had acknowledged.");
        _decided = Count("fanout.dlq.decisions", "Dead letters that somebody redrove or discarded.");
    }

    public Meter Meter { get; }

    public void Sent(StreamName stream, int count) => _sent.Add(count, EventBusTelemetry.StreamTags(stream, "send"));

    public void Trimmed(StreamName stream, long count) => _trimmed.Add(count, EventBusTelemetry.StreamTags(stream, "trim"));

    public void Consumed(StreamName stream, GroupName group, int count) =>
        _consumed.Add(count, EventBusTelemetry.GroupTags(stream, group, "receive"));

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

    public void Duplicates(StreamName stream, GroupName group, int count) => Add(_duplicates, stream, group, count);

    public void Retries(StreamName stream, GroupName group, int count) => Add(_retries, stream, group, count);

    public void DeadLettered(StreamName stream, GroupName group, int count) => Add(_deadLettered, stream, group, count);

    public void Strays(StreamName stream, GroupName group, int count) => Add(_strays, stream, group, count);

    public void Ignored(StreamName stream, GroupName group, int count) => Add(_ignored, stream, group, count);

    public void Reclaimed(StreamName stream, GroupName group, int count) => Add(_reclaimed, stream, group, count);

    public void Reconciled(StreamName stream, GroupName group, int count) => Add(_reconciled, stream, group, count);

    private Counter<long> Count(string name, string description) => Meter.CreateCounter<long>(name, "{message}", description);

    private static void Add(Counter<long> counter, StreamName stream, GroupName group, int count)
    {
        if (count > 0)
        {
            TagList tags = EventBusTelemetry.GroupTags(stream, group);
            counter.Add(count, tags);
        }
    }
}
