using System.Buffers.Text;
using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace FanOut.EventBus.Wire;

/// <summary>One entry's fields, read once; text that handlers seldom look at becomes a string only when asked for.</summary>
internal readonly struct WireEvent
{
    private readonly RedisValue _source;
    private readonly RedisValue _subject;
    private readonly RedisValue _traceParent;
    private readonly RedisValue _traceState;

    private WireEvent(Guid id, RedisValue type, RedisValue source, RedisValue subject, DateTimeOffset time, RedisValue data, RedisValue traceParent, RedisValue traceState)
    {
        Id = id;
        Type = type;
        Time = time;
        Data = data;
        _source = source;
        _subject = subject;
        _traceParent = traceParent;
        _traceState = traceState;
    }

    public Guid Id { get; }

    public RedisValue Type { get; }

    public DateTimeOffset Time { get; }

    public ReadOnlyMemory<byte> Data { get; }

    public string? TraceParent => _traceParent.IsNullOrEmpty ? null : (string?)_traceParent;

    public string? TraceState => _traceState.IsNullOrEmpty ? null : (string?)_traceState;

    /// <summary>Whether the publisher's trace was recorded: the last bit of <c>traceparent</c>'s flags.</summary>
    public bool IsSampled
    {
        get
        {
            var text = ((ReadOnlyMemory<byte>)_traceParent).Span;
            return text.Length >= 55 && (text[54] & 1) == 1;
        }
    }

    public EventMetadata ToMetadata(string type) => new(Id, type, (string?)_source ?? "", (string?)_subject ?? "", Time, TraceParent, TraceState);

    /// <summary>Reads an entry's fields.</summary>
    /// <returns>Null where the entry is an event; otherwise what is wrong with it.</returns>
    public static string? TryRead(ReadOnlySpan<NameValueEntry> fields, out WireEvent wire)
    {
        wire = default;
        RedisValue id, type, source, subject, time, data, traceParent, traceState;
        if (fields.Length == EventFields.Count && EventFields.AreInOrder(fields))
        {
            (id, type, source, subject) = (fields[0].Value, fields[1].Value, fields[2].Value, fields[3].Value);
            (time, data, traceParent, traceState) = (fields[4].Value, fields[5].Value, fields[6].Value, fields[7].Value);
        }
        else
        {
            (id, type, source, subject) = (Find(fields, EventFields.Id), Find(fields, EventFields.Type), Find(fields, EventFields.Source), Find(fields, EventFields.Subject));
            (time, data, traceParent, traceState) = (Find(fields, EventFields.Time), Find(fields, EventFields.Data), Find(fields, EventFields.TraceParent), Find(fields, EventFields.TraceState));
        }

        if (id.IsNull || type.IsNull || time.IsNull || data.IsNull)
        {
            var missing = string.Join(", ", Missing(id, type, time, data));
            return $"Not an event: the entry lacks the field(s) {missing}.";
        }

        if (!Utf8Parser.TryParse(((ReadOnlyMemory<byte>)id).Span, out Guid guid, out var used, 'D') || used != ((ReadOnlyMemory<byte>)id).Length)
        {
            return $"Not an event: field 'id' is '{Excerpt(id)}', which is not a UUID.";
        }

        if (!TryReadTime(((ReadOnlyMemory<byte>)time).Span, out var timestamp))
        {
            return $"Not an event: field 'time' is '{Excerpt(time)}', which is not an RFC 3339 time.";
        }

        wire = new WireEvent(guid, type, source, subject, timestamp, data, traceParent, traceState);
        return null;
    }

    private static RedisValue Find(ReadOnlySpan<NameValueEntry> fields, RedisValue name)
    {
        foreach (var field in fields)
        {
            if (field.Name == name)
            {
                return field.Value;
            }
        }

        return RedisValue.Null;
    }

    private static IEnumerable<string> Missing(RedisValue id, RedisValue type, RedisValue time, RedisValue data)
    {
        foreach (var (name, value) in new[] { (EventFields.Id, id), (EventFields.Type, type), (EventFields.Time, time), (EventFields.Data, data) })
        {
            if (value.IsNull)
            {
                yield return $"'{name}'";
            }
        }
    }

    private static bool TryReadTime(ReadOnlySpan<byte> text, out DateTimeOffset time)
    {
        if (Utf8Parser.TryParse(text, out time, out var used, 'O') && used == text.Length)
        {
            time = time.ToUniversalTime();
            return true;
        }

        return text.Length is >= 20 and <= 40
            && DateTimeOffset.TryParse(Encoding.UTF8.GetString(text), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    private static string Excerpt(RedisValue value)
    {
        var text = value.ToString();
        return text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 60), "...");
    }
}
