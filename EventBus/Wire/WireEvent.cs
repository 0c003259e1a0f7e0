using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using StackExchange.Redis;

namespace FanOut.EventBus.Wire;

/// <summary>An event as it came from an entry or from a row; text that handlers seldom look at becomes a string only when asked for.</summary>
internal readonly struct WireEvent
{
    private const long MaxPosition = 1L << 62;

    private readonly RedisValue _source;
    private readonly RedisValue _subject;
    private readonly RedisValue _traceParent;
    private readonly RedisValue _traceState;
    private readonly NameValueEntry[]? _fields;
    private readonly string? _headers;

    private WireEvent(long position, Guid id, DateTimeOffset time, ReadOnlySpan<RedisValue> values, NameValueEntry[]? fields, string? headers)
    {
        (Position, Id, Time) = (position, id, time);
        (Type, _source, _subject) = (values[0], values[1], values[2]);
        Data = values[3];
        (_traceParent, _traceState) = (values[4], values[5]);
        (_fields, _headers) = (fields, headers);
    }

    public long Position { get; }

    public Guid Id { get; }

    public RedisValue Type { get; }

    public string Source => (string?)_source ?? "";

    public string Subject => (string?)_subject ?? "";

    public DateTimeOffset Time { get; }

    public ReadOnlyMemory<byte> Data { get; }

    public string? TraceParent => _traceParent.IsNullOrEmpty ? null : (string?)_traceParent;

    public string? TraceState => _traceState.IsNullOrEmpty ? null : (string?)_traceState;

    /// <summary>Whether the publisher's trace was recorded: the last bit of <c>traceparent</c>'s flags.</summary>
    public bool IsSampled
    {
        get
        {
            if (_traceParent.IsNullOrEmpty)
            {
                return false;
            }

            var text = ((ReadOnlyMemory<byte>)_traceParent).Span;
            return text.Length >= 55 && (text[54] & 1) == 1;
        }
    }

    /// <summary>The event's own headers as a JSON object; null for none.</summary>
    public string? HeadersJson =>
        _headers ?? (HasHeaderFields ? JsonSerializer.Serialize(ReadHeaders(), WireJson.Default.DictionaryStringString) : null);

    private bool HasHeaderFields => _fields is not null && _fields.Length > EventFields.Count;

    public EventMetadata ToMetadata(string type) => new()
    {
        Id = Id,
        Position = Position,
        Type = type,
        Source = Source,
        Subject = Subject,
        Time = Time,
        Headers = ReadHeaders(),
        TraceParent = TraceParent,
        TraceState = TraceState,
    };

    /// <summary>
    /// Makes an event of a row. The values are type, source, subject, data, traceparent and tracestate; the headers a JSON object of strings.
    /// </summary>
    public static WireEvent FromRow(long position, Guid id, DateTimeOffset time, ReadOnlySpan<RedisValue> values, string? headers) =>
        new(position, id, time, values, fields: null, headers);

    /// <summary>Reads an entry's fields.</summary>
    /// <returns>Null where the entry is an event; otherwise what is wrong with it.</returns>
    public static string? TryRead(NameValueEntry[] fields, out WireEvent wire)
    {
        wire = default;
        var isInOrder = EventFields.AreInOrder(fields);
        RedisValue Value(RedisValue name, int place) => isInOrder ? fields[place].Value : Find(fields, name);
        var (position, id, type) = (Value(EventFields.Position, 0), Value(EventFields.Id, 1), Value(EventFields.Type, 2));
        var (time, data) = (Value(EventFields.Time, 5), Value(EventFields.Data, 6));
        if (position.IsNull || id.IsNull || type.IsNull || time.IsNull || data.IsNull)
        {
            (string Name, RedisValue Value)[] required = [("position", position), ("id", id), ("type", type), ("time", time), ("data", data)];
            var missing = required.Where(field => field.Value.IsNull).Select(field => $"'{field.Name}'");
            return $"Not an event: the entry lacks the field(s) {string.Join(", ", missing)}.";
        }

        var digits = ((ReadOnlyMemory<byte>)position).Span;
        if (!Utf8Parser.TryParse(digits, out long number, out var used) || used != digits.Length || number is < 1 or > MaxPosition)
        {
            return $"Not an event: field 'position' is '{Excerpt(position)}', which is not a whole number from 1 to {MaxPosition}.";
        }

        if (!Utf8Parser.TryParse(((ReadOnlyMemory<byte>)id).Span, out Guid guid, out used, 'D') || used != id.GetByteCount())
        {
            return $"Not an event: field 'id' is '{Excerpt(id)}', which is not a UUID.";
        }

        if (!TryReadTime(((ReadOnlyMemory<byte>)time).Span, out var timestamp))
        {
            return $"Not an event: field 'time' is '{Excerpt(time)}', which is not an RFC 3339 time.";
        }

        RedisValue[] values =
        [
            type, Value(EventFields.Source, 3), Value(EventFields.Subject, 4), data,
            Value(EventFields.TraceParent, 7), Value(EventFields.TraceState, 8),
        ];
        wire = new WireEvent(number, guid, timestamp, values, isInOrder ? fields : null, headers: null);
        return null;
    }

    private Dictionary<string, string> ReadHeaders()
    {
        if (_headers is not null)
        {
            return JsonSerializer.Deserialize(_headers, WireJson.Default.DictionaryStringString) ?? [];
        }

        var headers = new Dictionary<string, string>();
        foreach (var field in HasHeaderFields ? _fields.AsSpan(EventFields.Count) : [])
        {
            headers.TryAdd(Text(field.Name), Text(field.Value));
        }

        return headers;
    }

    // Postgres takes no null characters.
    private static string Text(RedisValue value) => value.ToString().Replace('\0', '\uFFFD');

    private static RedisValue Find(NameValueEntry[] fields, RedisValue name)
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

    private static bool TryReadTime(ReadOnlySpan<byte> text, out DateTimeOffset time)
    {
        if (Utf8Parser.TryParse(text, out time, out var used, 'O') && used == text.Length)
        {
            time = time.ToUniversalTime();
            return true;
        }

        return text.Length is >= 20 and <= 40 && DateTimeOffset.TryParse(
            Encoding.UTF8.GetString(text), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    private static string Excerpt(RedisValue value)
    {
        var text = value.ToString();
        return text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 60), "...");
    }
}
