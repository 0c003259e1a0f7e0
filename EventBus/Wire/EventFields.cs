using System.Buffers.Text;
using StackExchange.Redis;

namespace FanOut.EventBus.Wire;

/// <summary>The field names of an entry, in the order they are written: Redis stores names that repeat from entry to entry only once per node.</summary>
internal static class EventFields
{
    private static readonly byte[][] Names = [[.. "id"u8], [.. "type"u8], [.. "source"u8], [.. "subject"u8], [.. "time"u8], [.. "data"u8], [.. "traceparent"u8], [.. "tracestate"u8]];

    public static readonly RedisValue Id = Names[0];
    public static readonly RedisValue Type = Names[1];
    public static readonly RedisValue Source = Names[2];
    public static readonly RedisValue Subject = Names[3];
    public static readonly RedisValue Time = Names[4];
    public static readonly RedisValue Data = Names[5];
    public static readonly RedisValue TraceParent = Names[6];
    public static readonly RedisValue TraceState = Names[7];

    /// <summary>How many fields an event has on the wire.</summary>
    public static readonly int Count = Names.Length;

    /// <summary>First field of a redriven entry: the id of the entry on the stream that it stands for.</summary>
    public static readonly RedisValue Entry = "entry";

    /// <summary>Whether the entry begins as a publisher of ours writes it: so that its fields can be taken by position.</summary>
    public static bool AreInOrder(ReadOnlySpan<NameValueEntry> fields)
    {
        for (var i = 0; i < Names.Length; i++)
        {
            if (!RedisText.Is(fields[i].Name, Names[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The fields of an event from their values, which are in the order they are written.</summary>
    public static NameValueEntry[] Named(ReadOnlySpan<RedisValue> values)
    {
        var fields = new NameValueEntry[Names.Length];
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = new NameValueEntry(Names[i], values[i]);
        }

        return fields;
    }

    public static byte[] FormatId(Guid id)
    {
        var text = new byte[36];
        Utf8Formatter.TryFormat(id, text, out _);
        return text;
    }

    /// <param name="time">UTC.</param>
    public static byte[] FormatTime(DateTime time)
    {
        var text = new byte[28];
        Utf8Formatter.TryFormat(time, text, out _, 'O');
        return text;
    }
}
