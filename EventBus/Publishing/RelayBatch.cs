using System.Buffers.Binary;
using System.Security.Cryptography;
using FanOut.EventBus.Wire;
using NpgsqlTypes;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>Events in the order in which they are published, under consecutive ids once <see cref="Milliseconds"/> is fixed.</summary>
internal sealed class RelayBatch
{
    /// <summary>The most entries that go into one script call.</summary>
    public const int MostInChunk = 128;

    private readonly RedisValue[] _values;

    /// <param name="positions">Ascending.</param>
    /// <param name="ids">The events' ids.</param>
    /// <param name="values">Of each event the values of its fields on the wire.</param>
    public RelayBatch(long[] positions, Guid[] ids, RedisValue[] values)
    {
        Positions = positions;
        Ids = ids;
        _values = values;
    }

    public long[] Positions { get; }

    public Guid[] Ids { get; }

    public int Count => Positions.Length;

    public long Milliseconds { get; private set; }

    /// <summary>The live entry before the first of these; the default where there is none.</summary>
    public EntryId After { get; private set; }

    /// <summary>The event that is of; null where it is not known.</summary>
    public Guid? AfterEvent { get; private set; }

    public EntryId Last => new(Milliseconds, Count - 1);

    /// <summary>The first that has to be appended still.</summary>
    public int Next { get; set; }

    /// <summary>
    /// Whether none from <see cref="Next"/> on can have been on the stream ever: nobody sent them but this relay, and each time Redis answered that it appended nothing.
    /// </summary>
    public bool NeverAppended { get; set; }

    public void Fix(long milliseconds, EntryId after, Guid? afterEvent, bool neverAppended)
    {
        Milliseconds = milliseconds;
        After = after;
        AfterEvent = afterEvent;
        NeverAppended = neverAppended;
    }

    /// <summary>The entry before number <paramref name="index"/>.</summary>
    public EntryId Before(int index) => index == 0 ? After : new(Milliseconds, index - 1);

    /// <summary>The event of that entry; null where it is not known.</summary>
    public Guid? EventBefore(int index) => index == 0 ? AfterEvent : Ids[index - 1];

    public ReadOnlySpan<RedisValue> Values(int index, int count) => _values.AsSpan(index * EventFields.Count, count * EventFields.Count);

    public ref RedisValue TraceParent(int index) => ref _values[(index * EventFields.Count) + 6];

    public ref RedisValue TraceState(int index) => ref _values[(index * EventFields.Count) + 7];

    /// <summary>How many from <paramref name="index"/> on go into one script call: few enough that Redis is not held up for long, and not too many bytes.</summary>
    public int ChunkAt(int index)
    {
        const long mostBytes = 1 << 20;
        var bytes = 0L;
        var count = 0;
        while (index + count < Count && count < MostInChunk && (count == 0 || bytes < mostBytes))
        {
            bytes += _values[((index + count) * EventFields.Count) + 5].Length();
            count++;
        }

        return count;
    }

    public NpgsqlRange<long>[] PositionRanges() => Ranges(Positions);

    public static NpgsqlRange<long>[] Ranges(ReadOnlySpan<long> positions)
    {
        var ranges = new List<NpgsqlRange<long>>();
        for (var i = 0; i < positions.Length;)
        {
            var first = positions[i];
            var last = first;
            for (i++; i < positions.Length && positions[i] == last + 1; i++)
            {
                last++;
            }

            ranges.Add(new NpgsqlRange<long>(first, true, last + 1, false));
        }

        return [.. ranges];
    }

    /// <summary>The positions that ranges as Postgres returns them (lower bound in, upper bound out) stand for.</summary>
    public static long[] Expand(NpgsqlRange<long>[] ranges)
    {
        var positions = new List<long>();
        foreach (var range in ranges)
        {
            for (var position = range.LowerBound; position < range.UpperBound; position++)
            {
                positions.Add(position);
            }
        }

        return [.. positions];
    }

    public static long Checksum(ReadOnlySpan<Guid> ids)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[32];
        foreach (var id in ids)
        {
            id.TryWriteBytes(bytes, bigEndian: true, out _);
            hash.AppendData(bytes[..16]);
        }

        hash.GetHashAndReset(bytes);
        return BinaryPrimitives.ReadInt64BigEndian(bytes);
    }

    /// <summary>The events of several batches from their given numbers on, in the order of their positions.</summary>
    public static RelayBatch Merge(IReadOnlyList<RelayBatch> batches)
    {
        var entries = batches
            .SelectMany(batch => Enumerable.Range(batch.Next, batch.Count - batch.Next).Select(index => (Batch: batch, Index: index)))
            .OrderBy(entry => entry.Batch.Positions[entry.Index])
            .ToArray();
        return new RelayBatch(
            [.. entries.Select(entry => entry.Batch.Positions[entry.Index])],
            [.. entries.Select(entry => entry.Batch.Ids[entry.Index])],
            [.. entries.SelectMany(entry => entry.Batch.Values(entry.Index, 1).ToArray())]);
    }
}
