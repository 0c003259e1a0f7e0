using CsCheck;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Publishing;

public sealed class RelayBatchTests
{
    private static readonly Gen<long[]> Positions = Gen.Long[1, 60].Array[0, 40].Select(positions => positions.Distinct().Order().ToArray());

    [Fact]
    public void Positions_survive_being_kept_as_ranges_and_the_ranges_are_as_few_as_can_be() => Positions.Sample(positions =>
    {
        var ranges = RelayBatch.Ranges(positions);
        Assert.Equal(positions, RelayBatch.Expand(ranges));
        Assert.Equal(positions.Length == 0 ? 0 : 1 + positions.Zip(positions.Skip(1)).Count(pair => pair.Second != pair.First + 1), ranges.Length);
    });

    [Fact]
    public void Chunks_hold_every_entry_once_and_none_is_too_large() => Gen.Int[0, 400_000].Array[1, 400].Sample(
        sizes =>
        {
            var batch = Batch([.. Enumerable.Range(1, sizes.Length).Select(position => (long)position)], sizes);
            var next = 0;
            while (next < batch.Count)
            {
                var count = batch.ChunkAt(next);
                Assert.InRange(count, 1, RelayBatch.MostInChunk);
                Assert.True(count == 1 || sizes.AsSpan(next, count - 1).ToArray().Sum() < 1 << 20);
                next += count;
            }

            Assert.Equal(batch.Count, next);
        },
        iter: 30);

    [Fact]
    public void A_replacement_has_what_was_not_appended_in_the_order_of_the_outbox() => Gen.Select(Positions, Gen.Int[0, 2].Array[40], Gen.Int[0, 40].Array[3]).Sample((positions, owners, next) =>
    {
        var dead = Enumerable.Range(0, 3).Select(owner =>
        {
            var batch = Batch([.. positions.Where((_, i) => owners[i] == owner)]);
            batch.Next = Math.Min(next[owner], batch.Count);
            return batch;
        }).ToArray();

        var replacement = RelayBatch.Merge(dead);

        var left = dead.SelectMany(batch => batch.Positions.Zip(batch.Ids).Skip(batch.Next)).OrderBy(entry => entry.First).ToArray();
        Assert.Equal(left.Select(entry => entry.First), replacement.Positions);
        Assert.Equal(left.Select(entry => entry.Second), replacement.Ids);
        Assert.All(left.Index(), entry => Assert.Equal(entry.Item.Second.ToString(), replacement.Values(entry.Index, 1)[0]));
    });

    private static RelayBatch Batch(long[] positions, int[]? sizes = null)
    {
        var ids = Array.ConvertAll(positions, _ => Guid.CreateVersion7());
        RedisValue[] values = [.. ids.SelectMany((id, i) => Enumerable.Range(0, EventFields.Count).Select(field => Value(field, id, sizes?[i] ?? 1)))];
        return new(positions, ids, values);
    }

    private static RedisValue Value(int field, Guid id, int size) => field switch
    {
        0 => id.ToString(),
        5 => new byte[size],
        _ => RedisValue.EmptyString,
    };
}
