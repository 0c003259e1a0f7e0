using System.Diagnostics;
using FanOut.EventBus.Telemetry;

namespace FanOut.EventBus.Publishing;

/// <summary>The trace context that an event carries from where it was made.</summary>
internal static class EventTrace
{
    /// <summary>Records that an event was made; where nobody listens the event belongs to the current activity.</summary>
    /// <returns>W3C <c>traceparent</c> and <c>tracestate</c>; null where there is no trace.</returns>
    public static (string? Parent, string? State) Create(StreamName stream, string type, Guid id)
    {
        using var activity = EventBusTelemetry.Source.HasListeners()
            ? EventBusTelemetry.Source.StartActivity($"create {stream}", ActivityKind.Producer)
            : null;
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("messaging.system", "redis");
            activity.SetTag("messaging.destination.name", stream.Value);
            activity.SetTag("messaging.operation.name", "create");
            activity.SetTag("messaging.operation.type", "create");
            activity.SetTag("messaging.message.id", id.ToString());
            activity.SetTag("cloudevents.event_type", type);
        }

        return (activity ?? Activity.Current) is { IdFormat: ActivityIdFormat.W3C, Id: { } traceParent } current
            ? (traceParent, string.IsNullOrEmpty(current.TraceStateString) ? null : current.TraceStateString)
            : (null, null);
    }
}
