using System.Diagnostics;

namespace FanOut.EventBus.Publishing;

/// <summary>The trace context that an event carries from where it was made.</summary>
internal static class EventTrace
{
    /// <summary>Records that one event was made. Where nobody listens the event belongs to the current activity.</summary>
    /// <returns>W3C <c>traceparent</c> and <c>tracestate</c>; null where there is no trace.</returns>
    public static (string? Parent, string? State) Create(StreamName stream, string type, Guid id)
    {
        using var activity = EventBusTelemetry.Source.HasListeners()
            ? EventBusTelemetry.Source.StartActivity(
                $"create {stream}", ActivityKind.Producer, default(ActivityContext), EventBusTelemetry.SpanTags(stream, "create"))
            : null;
        activity?.SetTag("messaging.message.id", id.ToString());
        activity?.SetTag("cloudevents.event_type", type);
        return OfCaller();
    }

    /// <summary>
    /// The context for several events that are made together: that of the current activity. They get no spans of their own, because a create span
    /// refers to a single message (<see href="https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#operation-types"/>).
    /// </summary>
    /// <returns>W3C <c>traceparent</c> and <c>tracestate</c>; null where there is no trace.</returns>
    public static (string? Parent, string? State) OfCaller() =>
        Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } traceParent } current
            ? (traceParent, string.IsNullOrEmpty(current.TraceStateString) ? null : current.TraceStateString)
            : (null, null);
}
