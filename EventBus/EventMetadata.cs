namespace FanOut.EventBus;

/// <summary>
/// The attributes of a received event, named as in CloudEvents 1.0 (<see
/// href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md"/>).
/// </summary>
public sealed record EventMetadata
{
    internal EventMetadata()
    {
    }

    /// <summary>
    /// The event's id: the same however often the event is delivered, in every group. Pass it on to other systems as the key to deduplicate by.
    /// </summary>
    public required Guid Id { get; init; }

    /// <summary>The event's position in its stream's outbox: unique, and ascending in causal order.</summary>
    public required long Position { get; init; }

    /// <summary>The event's type, for example <c>order.placed</c>.</summary>
    public required string Type { get; init; }

    /// <summary>What published it.</summary>
    public required string Source { get; init; }

    /// <summary>What it is about.</summary>
    public required string Subject { get; init; }

    /// <summary>When it happened, in UTC.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The event's own headers; empty where it has none.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The W3C <c>traceparent</c> it was published under; null where there was none.</summary>
    public required string? TraceParent { get; init; }

    /// <summary>The W3C <c>tracestate</c>; null where there was none.</summary>
    public required string? TraceState { get; init; }
}
