using StackExchange.Redis;

namespace FanOut.EventBus.Wire;

/// <summary>The field names of an entry, in the order they are written: Redis stores names that repeat from entry to entry only once per node.</summary>
internal static class EventFields
{
    public static readonly RedisValue Id = "id";
    public static readonly RedisValue Type = "type";
    public static readonly RedisValue Source = "source";
    public static readonly RedisValue Subject = "subject";
    public static readonly RedisValue Time = "time";
    public static readonly RedisValue Data = "data";
    public static readonly RedisValue TraceParent = "traceparent";
    public static readonly RedisValue TraceState = "tracestate";

    /// <summary>First field of a redriven entry: the id of the entry on the stream that it stands for.</summary>
    public static readonly RedisValue Entry = "entry";

    /// <summary>How many fields an event has on the wire.</summary>
    public const int Count = 8;

    public static string FormatTime(DateTimeOffset time) => time.UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
}
