using FanOut.EventBus.Wire;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>Turns outbox rows into what goes on the wire, as bytes from end to end.</summary>
internal sealed class RelayBatchBuilder
{
    private readonly List<long> _positions = [];
    private readonly List<Guid> _ids = [];
    private readonly List<RedisValue> _values = [];

    public int Count => _positions.Count;

    public long Bytes { get; private set; }

    public IReadOnlyList<long> Positions => _positions;

    public IReadOnlyList<Guid> Ids => _ids;

    /// <summary>Adds the current row: position, id, type, source, subject, time, data, traceparent, tracestate.</summary>
    public void Add(NpgsqlDataReader row)
    {
        var id = row.GetGuid(1);
        var data = row.GetFieldValue<byte[]>(6);
        _positions.Add(row.GetInt64(0));
        _ids.Add(id);
        _values.Add(EventFields.FormatId(id));
        _values.Add(row.GetFieldValue<byte[]>(2));
        _values.Add(row.GetFieldValue<byte[]>(3));
        _values.Add(row.GetFieldValue<byte[]>(4));
        _values.Add(EventFields.FormatTime(row.GetDateTime(5)));
        _values.Add(data);
        _values.Add(row.IsDBNull(7) ? RedisValue.EmptyString : row.GetFieldValue<byte[]>(7));
        _values.Add(row.IsDBNull(8) ? RedisValue.EmptyString : row.GetFieldValue<byte[]>(8));
        Bytes += data.Length;
    }

    public RelayBatch Build() => new([.. _positions], [.. _ids], [.. _values]);
}
