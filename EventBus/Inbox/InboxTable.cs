using Npgsql;
using NpgsqlTypes;

namespace FanOut.EventBus.Inbox;

/// <summary>The ids whose effects one group has committed. Whoever inserts an id first has the right to its effects; the exclusion constraint decides, not any check before it.</summary>
internal sealed class InboxTable(StreamName stream, GroupName group)
{
    private static readonly string InsertSql = EmbeddedText.Read("Inbox.insert_ranges.sql");
    private static readonly string CoveredSql = EmbeddedText.Read("Inbox.find_covered.sql");
    private static readonly string CountSql = EmbeddedText.Read("Inbox.count_duplicates.sql");

    /// <summary>Takes the ids that nobody took before, in the caller's transaction. Waits for a rival that has taken one and not yet committed.</summary>
    /// <param name="connection">In a transaction.</param>
    /// <param name="ascending">Ids, each above the one before it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The ids that were taken before; null where there were none.</returns>
    public async Task<HashSet<EntryId>?> TakeAsync(NpgsqlConnection connection, EntryId[] ascending, CancellationToken cancellationToken)
    {
        HashSet<EntryId>? taken = null;
        var open = ascending;
        while (open.Length > 0)
        {
            var (from, to) = EntryRanges.Of(open);
            var inserted = await InsertAsync(connection, from, to, cancellationToken);
            if (inserted.Count == from.Length)
            {
                break;
            }

            // Some range overlaps what is there. Ids of it that are not covered are tried again, in smaller ranges: each round finds at least one covered id, for what stood in the way is committed
            // (or our own) by now.
            var refused = open.Where(id => !IsInserted(id, from, to, inserted)).ToArray();
            var covered = await FindCoveredAsync(connection, refused, cancellationToken);
            taken ??= [];
            taken.UnionWith(covered);
            open = [.. refused.Where(id => !covered.Contains(id))];
        }

        return taken;
    }

    /// <summary>Of the ids, those that are covered by a committed range or one of this transaction.</summary>
    public async Task<HashSet<EntryId>> FindCoveredAsync(NpgsqlConnection connection, EntryId[] ids, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CoveredSql, connection);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(group.Value);
        command.Parameters.AddWithValue(Array.ConvertAll(ids, id => id.Value));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var covered = new HashSet<EntryId>();
        while (await reader.ReadAsync(cancellationToken))
        {
            covered.Add(EntryId.FromInt64(reader.GetInt64(0)));
        }

        return covered;
    }

    /// <summary>Adds to the group's count of deliveries whose effect was not repeated. Last in a transaction: it locks the group's row.</summary>
    public async Task CountDuplicatesAsync(NpgsqlConnection connection, int count, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CountSql, connection);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(group.Value);
        command.Parameters.AddWithValue((long)count);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<HashSet<long>> InsertAsync(NpgsqlConnection connection, long[] from, long[] to, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(InsertSql, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = stream.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = group.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = from });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = to });
        await command.PrepareAsync(cancellationToken);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var inserted = new HashSet<long>(from.Length);
        while (await reader.ReadAsync(cancellationToken))
        {
            inserted.Add(reader.GetInt64(0));
        }

        return inserted;
    }

    private static bool IsInserted(EntryId id, long[] from, long[] to, HashSet<long> inserted)
    {
        var at = Array.BinarySearch(from, id.Value);
        at = at >= 0 ? at : ~at - 1;
        return at >= 0 && id.Value < to[at] && inserted.Contains(from[at]);
    }
}
