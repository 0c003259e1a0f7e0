using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// What one read of the outbox has shown: the bytes as Postgres sent them (<see
/// href="https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS"/>), of which slices go to Redis without being copied.
/// </summary>
internal sealed class OutboxPage
{
    /// <summary>How many values <see cref="CopyValues"/> writes of an event.</summary>
    public const int Values = 9;

    private const int FileHeader = 19;
    private const int IdLength = 36;
    private const int TimeLength = 28;
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly long MinMicroseconds = -(Epoch.Ticks / TimeSpan.TicksPerMicrosecond);
    private static readonly long MaxMicroseconds = (DateTime.MaxValue.Ticks - Epoch.Ticks) / TimeSpan.TicksPerMicrosecond;

    private readonly byte[] _buffer;
    private readonly byte[] _text;
    private readonly long[] _positions;
    private readonly int[] _offsets;
    private readonly int _end;
    private RedisValue[]? _traces;

    private OutboxPage(byte[] buffer, List<long> positions, List<int> offsets, int end, bool isFull)
    {
        (_buffer, _positions, _offsets, _end, IsFull) = (buffer, [.. positions], [.. offsets], end, isFull);
        _text = ArrayPool<byte>.Shared.Rent(Count * (IdLength + TimeLength));
    }

    public int Count => _positions.Length;

    /// <summary>Ascending.</summary>
    public ReadOnlySpan<long> Positions => _positions;

    /// <summary>Whether the read stopped at its limit, so that there may be more rows above its last.</summary>
    public bool IsFull { get; }

    /// <summary>The lowest transaction that was running.</summary>
    public required ulong Xmin { get; init; }

    /// <summary>A xid that was drawn after what was read, if one was asked for.</summary>
    public required ulong? Xid { get; init; }

    public required bool IsReadOnly { get; init; }

    public required DateTime ServerStarted { get; init; }

    /// <summary>Makes a page of what was received. It has the buffer from then on.</summary>
    /// <param name="buffer">The copy's bytes.</param>
    /// <param name="length">How many there are; the last row may be cut off.</param>
    /// <param name="isEnd">Whether nothing follows.</param>
    /// <param name="limit">How many rows were asked for.</param>
    /// <returns>Null where not even one row of the outbox is complete, and something follows.</returns>
    public static OutboxPage? TryRead(byte[] buffer, int length, bool isEnd, int limit)
    {
        var (positions, offsets) = (new List<long>(), new List<int>());
        var (server, end) = (-1, FileHeader);
        for (var at = FileHeader; TrySkipRow(buffer.AsSpan(0, length), at, out var next); at = end = next)
        {
            if (server < 0)
            {
                server = at + sizeof(short);
            }
            else
            {
                positions.Add(BinaryPrimitives.ReadInt64BigEndian(buffer.AsSpan(at + sizeof(short) + sizeof(int))));
                offsets.Add(at + sizeof(short));
            }
        }

        if (positions.Count == 0 && !isEnd)
        {
            return null;
        }

        Field(buffer, ref server);
        Field(buffer, ref server);
        var (xmin, xid, isReadOnly) = (Text(Field(buffer, ref server)), Text(Field(buffer, ref server)), Text(Field(buffer, ref server)));
        return new OutboxPage(buffer, positions, offsets, end, !isEnd || positions.Count >= limit)
        {
            Xmin = ulong.Parse(xmin, CultureInfo.InvariantCulture),
            Xid = xid.Length > 0 ? ulong.Parse(xid, CultureInfo.InvariantCulture) : null,
            IsReadOnly = isReadOnly == "on",
            ServerStarted = Time(Field(buffer, ref server)),
        };
    }

    public Guid IdOf(int row)
    {
        var at = _offsets[row];
        Field(_buffer, ref at);
        return new Guid(Field(_buffer, ref at).Span, bigEndian: true);
    }

    /// <summary>The W3C <c>traceparent</c> and <c>tracestate</c> of an event; empty where it has none.</summary>
    public (RedisValue Parent, RedisValue State) TraceOf(int row)
    {
        var at = _offsets[row];
        for (var i = 0; i < 7; i++)
        {
            Field(_buffer, ref at);
        }

        return (Field(_buffer, ref at), Field(_buffer, ref at));
    }

    /// <summary>Replaces the trace that the entry carries on.</summary>
    public void SetTrace(int row, RedisValue parent, RedisValue state)
    {
        _traces ??= new RedisValue[2 * Count];
        (_traces[2 * row], _traces[(2 * row) + 1]) = (parent, state);
    }

    /// <summary>How long a row is, in bytes.</summary>
    public int LengthOf(int row) => (row + 1 < Count ? _offsets[row + 1] : _end) - _offsets[row];

    /// <summary>Writes what append.lua takes of an event.</summary>
    public void CopyValues(int row, Span<RedisValue> values)
    {
        var at = _offsets[row];
        Field(_buffer, ref at);
        values[0] = _positions[row];
        var id = _text.AsMemory(row * (IdLength + TimeLength), IdLength);
        Utf8Formatter.TryFormat(new Guid(Field(_buffer, ref at).Span, bigEndian: true), id.Span, out _);
        (values[1], values[2], values[3], values[4]) = (id, Field(_buffer, ref at), Field(_buffer, ref at), Field(_buffer, ref at));
        var time = _text.AsMemory((row * (IdLength + TimeLength)) + IdLength, TimeLength);
        Utf8Formatter.TryFormat(Time(Field(_buffer, ref at)), time.Span, out _, 'O');
        (values[5], values[6], values[7], values[8]) = (time, Field(_buffer, ref at), Field(_buffer, ref at), Field(_buffer, ref at));
        if (_traces is not null && !_traces[2 * row].IsNull)
        {
            (values[7], values[8]) = (_traces[2 * row], _traces[(2 * row) + 1]);
        }
    }

    /// <summary>The JSON object with an event's headers; empty where it has none.</summary>
    public ReadOnlyMemory<byte> HeadersOf(int row)
    {
        var at = _offsets[row];
        for (var i = 0; i < Values; i++)
        {
            Field(_buffer, ref at);
        }

        // Before the text of jsonb stands the number of its version.
        var headers = Field(_buffer, ref at);
        return headers.IsEmpty ? headers : headers[1..];
    }

    /// <summary>Gives the memory back. Only when nothing that was made of it can still be on its way to Redis.</summary>
    public void Recycle()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        ArrayPool<byte>.Shared.Return(_text);
    }

    private static bool TrySkipRow(ReadOnlySpan<byte> bytes, int at, out int next)
    {
        next = at + sizeof(short);
        if (next > bytes.Length || BinaryPrimitives.ReadInt16BigEndian(bytes[at..]) is var fields && fields < 0)
        {
            return false;
        }

        for (; fields > 0; fields--)
        {
            if (next + sizeof(int) > bytes.Length)
            {
                return false;
            }

            next += sizeof(int) + Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(bytes[next..]));
        }

        return next <= bytes.Length;
    }

    /// <summary>The field at <paramref name="at"/>, which moves behind it; empty where it is null.</summary>
    private static ReadOnlyMemory<byte> Field(byte[] buffer, ref int at)
    {
        var length = Math.Max(0, BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(at)));
        at += sizeof(int) + length;
        return buffer.AsMemory(at - length, length);
    }

    private static string Text(ReadOnlyMemory<byte> field) => Encoding.ASCII.GetString(field.Span);

    // Postgres also has 'infinity', and years that .NET has not.
    private static DateTime Time(ReadOnlyMemory<byte> field) =>
        Epoch.AddTicks(
            Math.Clamp(BinaryPrimitives.ReadInt64BigEndian(field.Span), MinMicroseconds, MaxMicroseconds) * TimeSpan.TicksPerMicrosecond);
}
