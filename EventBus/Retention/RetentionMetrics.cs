using System.Diagnostics;
using System.Diagnostics.Metrics;
using FanOut.EventBus.Telemetry;

namespace FanOut.EventBus.Retention;

/// <summary>What was removed.</summary>
internal sealed class RetentionMetrics
{
    private readonly Counter<long> _trimmed;
    private readonly Counter<long> _cut;

    public RetentionMetrics(EventBusMetrics metrics)
    {
        _trimmed = metrics.Meter.CreateCounter<long>("fanout.stream.trimmed", "{message}", "Entries removed from the stream.");
        _cut = metrics.Meter.CreateCounter<long>("fanout.stream.cut", "{message}", "Entries that the hard cap removed before the group had finished them.");
    }

    public void Trimmed(StreamName stream, long count)
    {
        if (count > 0)
        {
            _trimmed.Add(count, new TagList { { "messaging.system", "redis" }, { "messaging.destination.name", stream.Value } });
        }
    }

    public void Cut(StreamName stream, GroupName group, long count) => _cut.Add(count, EventBusTelemetry.GroupTags(stream, group));
}
