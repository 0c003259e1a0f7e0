namespace FanOut.EventBus;

/// <summary>The attributes of a received event, named as in CloudEvents 1.0 (<see href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md"/>).</summary>
public sealed class EventMetadata
{
    internal EventMetadata(Guid id, string type, string source, string subject, DateTimeOffset time, string? traceParent, string? traceState)
    {
        Id = id;
        Type = type;
        Source = source;
        Subject = subject;
        Time = time;
        TraceParent = traceParent;
        TraceState = traceState;
    }

    /// <summary>The event's id: the same however often the event is delivered, in every group. Hand it on to whatever must deduplicate.</summary>
    public Guid Id { get; }

    /// <summary>The event's type, for example <c>order.placed</c>.</summary>
    public string Type { get; }

    /// <summary>What published it.</summary>
    public string Source { get; }

    /// <summary>What it is about.</summary>
    public string Subject { get; }

    /// <summary>When it happened, in UTC.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>The W3C <c>traceparent</c> it was published under; null where there was none.</summary>
    public string? TraceParent { get; }

    /// <summary>The W3C <c>tracestate</c>; null where there was none.</summary>
    public string? TraceState { get; }
}
