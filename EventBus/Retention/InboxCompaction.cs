using System.Collections.Concurrent;
using Npgsql;

namespace FanOut.EventBus.Retention;

/// <summary>
/// Merges adjacent inbox ranges below a group's checkpoint, so that the exclusion constraint stays quick. A merge deletes the parts and inserts their union in one transaction: to a lane that wants one of these ids
/// meanwhile the parts are there until the commit, and it waits; from the commit on the union is there. The ids covered are the same before and after, but for those between the parts that
/// are no event's; the deletion counts, and the transaction insists on what was read.
/// </summary>
internal sealed class InboxCompaction(NpgsqlDataSource postgres)
{
    private const int MostRead = 5_000;
    private const int MostMerged = 200;
    private const int MostWindows = 200;
    private static readonly string FindSql = EmbeddedText.Read("Retention.find_ranges.sql");
    private static readonly string BeginSql = EmbeddedText.Read("Retention.begin_rewrite.sql");
    private static readonly string RemoveSql = EmbeddedText.Read("Retention.remove_parts.sql");
    private static readonly string AddPaddingSql = EmbeddedText.Read("Retention.add_padding.sql");
    private static readonly string InsertSql = EmbeddedText.Read("Inbox.insert_ranges.sql");

    private readonly ConcurrentDictionary<(StreamName Stream, GroupName Group), long> _compacted = new();

    /// <summary>Merges what became mergeable since the last call; the first call of a process begins at the beginning.</summary>
    /// <returns>How many rows fewer there are.</returns>
    public async Task<int> CompactAsync(StreamName stream, GroupName group, EntryId checkpoint, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        var until = checkpoint.Value + 1;
        var from = _compacted.GetValueOrDefault((stream, group));
        var (width, saved) = (until - from, 0);
        for (var windows = 0; windows < MostWindows && from < until; windows++)
        {
            var to = width < until - from ? from + width : until;
            var ranges = await FindAsync(connection, stream, group, from, to, cancellationToken);
            if (ranges.Count > MostRead)
            {
                width = Math.Max(1, width / 2);
                continue;
            }

            foreach (var merges in AdjacentRanges.Find(ranges.Where(range => range.To <= until)).Chunk(MostMerged))
            {
                if (!await TryMergeAsync(connection, stream, group, merges, cancellationToken))
                {
                    return saved;
                }

                saved += merges.Sum(merge => merge.Parts - 1);
            }

            // A range that reaches beyond the checkpoint is not touched yet: it is where the next call begins.
            from = to;
            _compacted[(stream, group)] = ranges.Where(range => range.To > until).Select(range => range.From).DefaultIfEmpty(to).Min();
            width = ranges.Count < MostRead / 4 && width < long.MaxValue / 4 ? width * 2 : width;
        }

        return saved;
    }

    /// <summary>Replaces parts by their union.</summary>
    /// <returns>False where somebody else rewrites the group's ranges at this moment, or has since they were read.</returns>
    internal static async Task<bool> TryMergeAsync(
        NpgsqlConnection connection, StreamName stream, GroupName group, IReadOnlyList<RangeMerge> merges, CancellationToken cancellationToken)
    {
        var from = merges.Select(merge => merge.Whole.From).ToArray();
        var to = merges.Select(merge => merge.Whole.To).ToArray();
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var begin = new NpgsqlCommand(BeginSql, connection);
        begin.Parameters.AddWithValue(stream.Value);
        begin.Parameters.AddWithValue(group.Value);
        if (await begin.ExecuteScalarAsync(cancellationToken) is not true)
        {
            return false;
        }

        await using var remove = Command(RemoveSql);
        await using (var reader = await remove.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            if (reader.GetInt64(0) != merges.Sum(merge => merge.Parts) || reader.GetInt64(1) != merges.Sum(merge => merge.Covered))
            {
                return false;
            }
        }

        var inserted = 0;
        await using (var reader = await Command(InsertSql).ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                inserted++;
            }
        }

        if (inserted != merges.Count)
        {
            return false;
        }

        foreach (var merge in merges.Where(merge => merge.Padding > 0))
        {
            await using var add = new NpgsqlCommand(AddPaddingSql, connection)
            {
                Parameters =
                {
                    new() { Value = stream.Value }, new() { Value = group.Value }, new() { Value = merge.Padding }, new() { Value = merge.Whole.From }, new() { Value = merge.Whole.To },
                },
            };
            if (await add.ExecuteNonQueryAsync(cancellationToken) != 1)
            {
                return false;
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return true;

        NpgsqlCommand Command(string sql) => new(sql, connection)
        {
            Parameters = { new() { Value = stream.Value }, new() { Value = group.Value }, new() { Value = from }, new() { Value = to } },
        };
    }

    private static async Task<List<EntryRange>> FindAsync(NpgsqlConnection connection, StreamName stream, GroupName group, long from, long to, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindSql, connection);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(group.Value);

        // One id lower, for the range that the first one of this window may continue.
        command.Parameters.AddWithValue(Math.Max(0, from - 1));
        command.Parameters.AddWithValue(to);
        command.Parameters.AddWithValue(MostRead + 1);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var ranges = new List<EntryRange>();
        while (await reader.ReadAsync(cancellationToken))
        {
            ranges.Add(new(reader.GetInt64(0), reader.GetInt64(1)));
        }

        return ranges;
    }
}
