using System.Diagnostics;
using System.Globalization;
using FanOut.EventBus.Wire;

namespace FanOut.EventBus.Telemetry;

/// <summary>What can become of an entry besides being done, as events on spans of its own trace.</summary>
internal static class EntryTrace
{
    public const string HandedOver = "handed over";
    public const string Parked = "parked";
    public const string DeadLettered = "dead-lettered";

    private static ActivitySource Source => EventBusTelemetry.Source;

    /// <summary>Says in the event's own trace, where that is recorded, that it became a dead letter without a handler having run: it was delivered as often as it may, and nobody answered for it.</summary>
    public static void RecordDeadLetter(StreamName stream, GroupName group, in WireEvent wire, EntryId entry, string consumer, int deliveries, string error)
    {
        if (!Source.HasListeners() || !wire.IsSampled || !ActivityContext.TryParse(wire.TraceParent, wire.TraceState, isRemote: true, out var parent))
        {
            return;
        }

        var current = Activity.Current;
        Activity.Current = null;
        using (var activity = Source.StartActivity($"settle {stream}", ActivityKind.Client, parent, EventBusTelemetry.SpanTags(stream, group, consumer, "settle")))
        {
            activity?.SetTag("messaging.message.id", wire.Id.ToString());
            activity?.SetTag("fanout.entry.id", entry.ToString());
            activity?.SetTag("fanout.delivery", deliveries.ToString(CultureInfo.InvariantCulture));
            activity?.SetTag("error.type", "deliveries_exhausted");
            activity?.AddEvent(new ActivityEvent(DeadLettered));
            activity?.SetStatus(ActivityStatusCode.Error, error);
        }

        Activity.Current = current;
    }
}
