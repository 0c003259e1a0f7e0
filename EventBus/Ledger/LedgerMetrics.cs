using System.Diagnostics.Metrics;
using FanOut.EventBus.Telemetry;

namespace FanOut.EventBus.Ledger;

/// <summary>What the ledger found.</summary>
internal sealed class LedgerMetrics
{
    private readonly Counter<long> _missing;
    private readonly Counter<long> _gone;

    public LedgerMetrics(EventBusMetrics metrics)
    {
        _missing = metrics.Meter.CreateCounter<long>("fanout.ledger.missing", "{message}", "Events that a group had neither done nor dead-lettered though its checkpoint was past them. They were delivered again, except those of fanout.ledger.gone.");
        _gone = metrics.Meter.CreateCounter<long>("fanout.ledger.gone", "{message}", "Missing events that could not be delivered again, because the outbox no longer has them.");
    }

    public void Missing(StreamName stream, GroupName group, int count) => Add(_missing, stream, group, count);

    public void Gone(StreamName stream, GroupName group, int count) => Add(_gone, stream, group, count);

    private static void Add(Counter<long> counter, StreamName stream, GroupName group, int count)
    {
        if (count > 0)
        {
            counter.Add(count, EventBusTelemetry.GroupTags(stream, group));
        }
    }
}
