using System.Buffers.Text;
using StackExchange.Redis;

namespace FanOut.EventBus.Wire;

/// <summary>
/// The field names of an entry, in the order they are written: Redis stores names that repeat from entry to entry only once per node. The event's own
/// headers follow.
/// </summary>
internal static class EventFields
{
    private static readonly byte[][] Names =
    [
        [.. "position"u8], [.. "id"u8], [.. "type"u8], [.. "source"u8], [.. "subject"u8], [.. "time"u8], [.. "data"u8],
        [.. "traceparent"u8], [.. "tracestate"u8],
    ];

    public static readonly RedisValue Position = Names[0];
    public static readonly RedisValue Id = Names[1];
    public static readonly RedisValue Type = Names[2];
    public static readonly RedisValue Source = Names[3];
    public static readonly RedisValue Subject = Names[4];
    public static readonly RedisValue Time = Names[5];
    public static readonly RedisValue Data = Names[6];
    public static readonly RedisValue TraceParent = Names[7];
    public static readonly RedisValue TraceState = Names[8];

    /// <summary>How many fields an event without headers has on the wire.</summary>
    public static readonly int Count = Names.Length;

    /// <summary>Whether the entry begins as a relay writes it, so that its fields can be taken by their place.</summary>
    public static bool AreInOrder(ReadOnlySpan<NameValueEntry> fields)
    {
        if (fields.Length < Names.Length)
        {
            return false;
        }

        for (var i = 0; i < Names.Length; i++)
        {
            if (!RedisText.Is(fields[i].Name, Names[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a name is free for a header: CloudEvents allows a-z and 0-9, and the event's attributes have theirs.</summary>
    public static bool IsHeaderName(string name) =>
        name.Length is >= 1 and <= 20
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c))
        && !Array.Exists(Names, known => known.AsSpan().SequenceEqual(System.Text.Encoding.ASCII.GetBytes(name)));

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
