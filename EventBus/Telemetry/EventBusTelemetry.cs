using System.Diagnostics;

namespace FanOut.EventBus;

/// <summary>The names under which the library's traces and metrics are collected.</summary>
public static class EventBusTelemetry
{
    /// <summary>The name of the activity source and of the meter: <c>FanOut.EventBus</c>.</summary>
    public const string Name = "FanOut.EventBus";

    internal static readonly string Version = typeof(EventBusTelemetry).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    internal static readonly ActivitySource Source = new(Name, Version);

    internal static TagList StreamTags(StreamName stream, string? operation = null)
    {
        var tags = new TagList { { "messaging.system", "redis" }, { "messaging.destination.name", stream.Value } };
        if (operation is not null)
        {
            tags.Add("messaging.operation.name", operation);
        }

        return tags;
    }

    internal static TagList GroupTags(StreamName stream, GroupName group, string? operation = null)
    {
        var tags = StreamTags(stream, operation);
        tags.Add("messaging.consumer.group.name", group.Value);
        return tags;
    }

    internal static TagList SpanTags(StreamName stream, string operation)
    {
        var tags = StreamTags(stream, operation);
        tags.Add("messaging.operation.type", operation);

        // The old name of the attribute. The Aspire dashboard shows "MSG redis {messaging.operation} {destination}" in place of the span's name.
        tags.Add("messaging.operation", operation);
        return tags;
    }

    internal static TagList SpanTags(StreamName stream, GroupName group, string consumer, string operation)
    {
        var tags = SpanTags(stream, operation);
        tags.Add("messaging.consumer.group.name", group.Value);
        tags.Add("messaging.client.id", consumer);
        return tags;
    }
}
