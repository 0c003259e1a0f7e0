using CsCheck;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Retention;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace FanOut.EventBus.Tests.Reclaiming;

public sealed class InboxCompactionTests
{
    private static readonly Gen<EntryRange[]> Ranges = Gen.Select(Gen.Long[0, 3], Gen.Long[1, 4]).Array[0, 40].Select(steps =>
    {
        var ranges = new List<EntryRange>();
        var at = 0L;
        foreach (var (gap, length) in steps)
        {
            ranges.Add(new(at + gap, at + gap + length));
            at += gap + length;
        }

        return ranges.ToArray();
    });

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Merging_covers_the_same_ids_with_no_two_ranges_left_adjacent()
        => Ranges.Sample(ranges =>
        {
            var merges = AdjacentRanges.Find(ranges.Reverse());
            var after = After(ranges, merges);
            return Ids(after).SequenceEqual(Ids(ranges))
                && after.Zip(after.Skip(1)).All(pair => pair.First.To < pair.Second.From)
                && merges.All(merge => merge.Parts == ranges.Count(range => range.From >= merge.Whole.From && range.To <= merge.Whole.To));
        });

    [Fact]
    public async Task Compaction_never_covers_an_id_that_was_not_done()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        var compaction = reclaimer.GetRequiredService<InboxCompaction>();
        var number = 0;
        await Gen.Select(Ranges, Gen.Long[0, 200], Gen.Long[0, 200]).SampleAsync(
            async (ranges, first, second) =>
            {
                var group = new GroupName($"g{Interlocked.Increment(ref number)}");
                await InsertAsync(world, group, ranges);

                // Twice, as the checkpoint rises.
                await compaction.CompactAsync(world.Stream, group, EntryId.FromInt64(first), Cancellation);
                await compaction.CompactAsync(world.Stream, group, EntryId.FromInt64(first + second), Cancellation);

                var after = await ReadAsync(world, group);
                var expected = After(ranges, AdjacentRanges.Find(ranges.Where(range => range.To <= first + second + 1)));
                return Ids(after).SequenceEqual(Ids(ranges)) && after.SequenceEqual(expected);
            },
            iter: 60,
            threads: 1);
    }

    [Fact]
    public async Task Many_ranges_are_read_in_windows_and_all_merged()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.ExecuteAsync(
            $"""
            insert into bus.inbox
            select '{world.Stream}', '{ReclaimingWorld.Group}', int8range(base + n, base + n + 1)
            from generate_series(0, 599) as ms, lateral (select (1700000000000 + ms) * 1048576 as base) as b, generate_series(0, 19) as n
            """);
        var checkpoint = new EntryId(1_700_000_000_000 + 599, 19);

        var saved = await reclaimer.GetRequiredService<InboxCompaction>().CompactAsync(world.Stream, ReclaimingWorld.Group, checkpoint, Cancellation);

        Assert.Equal(600 * 19, saved);
        Assert.All(await ReadAsync(world, ReclaimingWorld.Group), range => Assert.Equal(20, range.Length));
        Assert.Equal(12_000L, await world.Bus.ScalarAsync("select events from bus.group_progress"));
    }

    [Fact]
    public async Task Lanes_that_race_with_compaction_take_each_id_once_and_none_is_forgotten()
    {
        const int Ids = 4_000;
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => world.CreateReclaimerAsync()));
        var inbox = new InboxTable(world.Stream, ReclaimingWorld.Group);
        var taken = new int[Ids];
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        // Everything is below the checkpoint, so that compaction works where the lanes insert, and every id is wanted by three lanes in batches that differ.
        var compactions = reclaimers.Select(reclaimer => Task.Run(async () =>
        {
            var merged = 0;
            while (!ended.IsCancellationRequested)
            {
                // A new one begins at the beginning each time.
                merged += await new InboxCompaction(world.Bus.Postgres).CompactAsync(world.Stream, ReclaimingWorld.Group, EntryId.FromInt64(Ids), Cancellation);
            }

            return merged;
        })).ToArray();
        await Task.WhenAll(Enumerable.Range(1, 3).Select(lane => Task.Run(async () =>
        {
            var random = new Random(lane);
            for (var at = 0; at < Ids;)
            {
                var batch = Enumerable.Range(at, Math.Min(random.Next(1, 40), Ids - at)).ToArray();
                at += batch.Length;
                await TakeAsync(world, inbox, batch, taken);
                var again = Math.Max(0, at - random.Next(1, 200));
                await TakeAsync(world, inbox, [.. Enumerable.Range(again, Math.Min(random.Next(1, 20), at - again))], taken);
            }
        })));
        await ended.CancelAsync();
        var merges = await Task.WhenAll(compactions);

        Assert.DoesNotContain(taken, times => times != 1);
        Assert.All(merges, merged => Assert.True(merged > 0));
        Assert.Equal((long)Ids, await world.Bus.ScalarAsync("select sum(upper(entries) - lower(entries))::int8 from bus.inbox"));
    }

    [Fact]
    public async Task A_lane_that_wants_an_id_that_is_being_merged_waits_and_does_not_get_it()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        await InsertAsync(world, ReclaimingWorld.Group, [new(10, 12), new(12, 15)]);
        await using var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        foreach (var step in new[] { "delete from bus.inbox", $"insert into bus.inbox values ('{world.Stream}', '{ReclaimingWorld.Group}', '[10,15)')" })
        {
            await using var command = new NpgsqlCommand(step, connection);
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        var taken = new int[20];
        var lane = TakeAsync(world, new InboxTable(world.Stream, ReclaimingWorld.Group), [11, 12, 15, 16], taken);
        await BusWorld.UntilAsync(async () => (long)(await world.Bus.ScalarAsync("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"))! == 1, () => "the lane to wait");
        Assert.False(lane.IsCompleted);
        await transaction.CommitAsync(Cancellation);
        await lane;

        Assert.Equal([15, 16], Enumerable.Range(0, taken.Length).Where(id => taken[id] > 0));
    }

    [Fact]
    public async Task A_merge_whose_parts_are_no_longer_what_was_read_changes_nothing()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        await InsertAsync(world, ReclaimingWorld.Group, [new(10, 12), new(12, 13), new(14, 15)]);
        await using var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation);

        // As read before somebody freed id 13.
        Assert.False(await InboxCompaction.TryMergeAsync(connection, world.Stream, ReclaimingWorld.Group, [new(new(10, 15), 3, 5)], Cancellation));

        Assert.Equal([new(10, 12), new(12, 13), new(14, 15)], await ReadAsync(world, ReclaimingWorld.Group));
    }

    private static async Task TakeAsync(ReclaimingWorld world, InboxTable inbox, int[] batch, int[] taken)
    {
        await using var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var ids = Array.ConvertAll(batch, id => EntryId.FromInt64(id));
        var before = await inbox.TakeAsync(connection, ids, Cancellation) ?? [];
        await transaction.CommitAsync(Cancellation);
        foreach (var id in ids.Where(id => !before.Contains(id)))
        {
            Interlocked.Increment(ref taken[id.Value]);
        }
    }

    private static async Task InsertAsync(ReclaimingWorld world, GroupName group, EntryRange[] ranges)
    {
        await using var command = world.Bus.Postgres.CreateCommand("insert into bus.inbox select $1, $2, int8range(\"from\", \"to\") from unnest($3, $4) as range (\"from\", \"to\")");
        command.Parameters.AddWithValue(world.Stream.Value);
        command.Parameters.AddWithValue(group.Value);
        command.Parameters.AddWithValue(Array.ConvertAll(ranges, range => range.From));
        command.Parameters.AddWithValue(Array.ConvertAll(ranges, range => range.To));
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private static async Task<EntryRange[]> ReadAsync(ReclaimingWorld world, GroupName group)
    {
        await using var command = world.Bus.Postgres.CreateCommand("select lower(entries), upper(entries) from bus.inbox where \"group\" = $1 order by 1");
        command.Parameters.AddWithValue(group.Value);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var ranges = new List<EntryRange>();
        while (await reader.ReadAsync(Cancellation))
        {
            ranges.Add(new(reader.GetInt64(0), reader.GetInt64(1)));
        }

        return [.. ranges];
    }

    private static EntryRange[] After(EntryRange[] before, IReadOnlyList<RangeMerge> merges)
        => [.. before.Where(range => !merges.Any(merge => range.From >= merge.Whole.From && range.To <= merge.Whole.To)).Concat(merges.Select(merge => merge.Whole)).OrderBy(range => range.From)];

    private static IEnumerable<long> Ids(IEnumerable<EntryRange> ranges)
        => ranges.SelectMany(range => Enumerable.Range(0, (int)range.Length).Select(offset => range.From + offset));
}
