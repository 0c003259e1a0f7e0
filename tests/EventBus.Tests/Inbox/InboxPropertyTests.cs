using System.Collections.Concurrent;
using CsCheck;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Tests.Reclaiming;
using Npgsql;

namespace FanOut.EventBus.Tests.Inbox;

/// <summary>The inbox against a plain set of ids.</summary>
public sealed class InboxPropertyTests
{
    private const int Lanes = 3;

    /// <summary>Ids of a few milliseconds, so that batches overlap, have holes, and cross from one millisecond to the next.</summary>
    private static readonly Gen<EntryId[]> Batch = Gen.Select(Gen.Long[1, 3], Gen.Long[0, 7], (ms, n) => new EntryId(ms, n)).Array[1, 12].Select(ids => ids.Distinct().Order().ToArray());

    /// <summary>What one lane does: batches, each of which it commits or rolls back.</summary>
    private static readonly Gen<(EntryId[] Ids, bool Commits)[][]> Work = Gen.Select(Batch, Gen.Int[0, 4], (ids, choice) => (ids, choice > 0)).Array[1, 6].Array[Lanes];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task However_batches_of_racing_lanes_overlap_each_id_is_taken_by_exactly_one_that_commits()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var number = 0;
        await Work.SampleAsync(
            async work =>
            {
                var group = new GroupName($"g{Interlocked.Increment(ref number)}");
                var inbox = new InboxTable(world.Stream, group);
                var taken = new ConcurrentBag<EntryId>();
                await Task.WhenAll(work.Select(batches => Task.Run(async () =>
                {
                    foreach (var (ids, commits) in batches)
                    {
                        await TakeAsync(world, inbox, ids, commits, taken);
                    }
                })));

                var expected = work.SelectMany(batches => batches).Where(batch => batch.Commits).SelectMany(batch => batch.Ids).Distinct().Order();
                Assert.Equal(expected, taken.Order());
                Assert.Equal(expected.Select(id => id.Value), await CoveredAsync(world, group));
            },
            time: Effort.Seconds(4),
            threads: 1);
    }

    /// <summary>As a lane does, which tries again where Postgres gave up its transaction for a rival's.</summary>
    private static async Task TakeAsync(ReclaimingWorld world, InboxTable inbox, EntryId[] ids, bool commits, ConcurrentBag<EntryId> taken)
    {
        while (true)
        {
            try
            {
                await TryTakeAsync(world, inbox, ids, commits, taken);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected)
            {
                // A batch that overlaps others comes back to lower ids after it took higher ones: rarely two wait for each other.
            }
        }
    }

    private static async Task TryTakeAsync(ReclaimingWorld world, InboxTable inbox, EntryId[] ids, bool commits, ConcurrentBag<EntryId> taken)
    {
        await using var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var before = await inbox.TakeAsync(connection, ids, Cancellation) ?? [];
        if (commits)
        {
            await transaction.CommitAsync(Cancellation);
            foreach (var id in ids.Where(id => !before.Contains(id)))
            {
                taken.Add(id);
            }
        }
    }

    private static async Task<List<long>> CoveredAsync(ReclaimingWorld world, GroupName group)
    {
        await using var command = new NpgsqlCommand("select id from bus.inbox, generate_series(lower(entries), upper(entries) - 1) as id where \"group\" = $1 order by id");
        await using var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation);
        command.Connection = connection;
        command.Parameters.AddWithValue(group.Value);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var ids = new List<long>();
        while (await reader.ReadAsync(Cancellation))
        {
            ids.Add(reader.GetInt64(0));
        }

        return ids;
    }
}
