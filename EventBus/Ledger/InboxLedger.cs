using System.Collections.Concurrent;
using System.Data;
using System.Text;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Retention;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Ledger;

/// <summary>
/// Compares what the outbox published with what a group has done, below the group's checkpoint. An event that is neither done nor dead-lettered there was lost on the way - trimmed from outside, its consumer
/// deleted by hand, or trimmed before the group was registered - and is delivered again through the group's redrive stream. Where nothing is missing, the inbox ranges become one.
/// A second delivery does no harm: the inbox lets an event have its effect once. It is avoided by letting one process at a time look after a group.
/// </summary>
internal sealed partial class InboxLedger(IConnectionMultiplexer redis, NpgsqlDataSource postgres, LedgerMetrics metrics, ILogger<InboxLedger> logger)
{
    private const int EventsAtOnce = 20_000;
    private const int MostWindows = 50;
    private const int MostOnTheirWay = 1_000;
    private const int MostNamed = 50;
    private static readonly EmbeddedScript ProgressScript = new("Reclaiming.snapshot_progress.lua");
    private static readonly string BeginSql = EmbeddedText.Read("Ledger.begin_pass.sql");
    private static readonly string EndSql = EmbeddedText.Read("Ledger.end_pass.sql");
    private static readonly string MissingSql = EmbeddedText.Read("Ledger.find_missing.sql");
    private static readonly string RaiseSql = EmbeddedText.Read("Ledger.raise_verified.sql");
    private static readonly string RedrivesSql = EmbeddedText.Read("Ledger.find_open_redrives.sql");
    private static readonly string EventsSql = EmbeddedText.Read("Ledger.find_events.sql");
    private static readonly string RangesSql = EmbeddedText.Read("Retention.find_ranges.sql");

    private readonly ConcurrentDictionary<(StreamName Stream, GroupName Group, long Entry), bool> _gone = new();

    /// <summary>Looks on from where the last pass has ended, at about a million events at most.</summary>
    /// <returns>How many events were delivered again.</returns>
    public async Task<int> CheckAsync(RegisteredGroup group, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        if (await BeginAsync(connection, group, cancellationToken) is not { } pass)
        {
            return 0;
        }

        try
        {
            return await CheckAsync(connection, group, pass, cancellationToken);
        }
        finally
        {
            await using var end = Command(connection, EndSql, group);
            await end.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    private async Task<int> CheckAsync(NpgsqlConnection connection, RegisteredGroup group, Pass pass, CancellationToken cancellationToken)
    {
        // What the relay may still have to append, or give other ids, is not missing.
        var until = Math.Min(pass.Checkpoint, await IsOnStreamAsync(group, pass.Tail) ? pass.Tail : pass.Settled);
        var (from, redelivered, isSure) = (pass.Verified, 0, true);
        HashSet<long>? onTheirWay = null;
        if (from < until)
        {
            await RaiseAsync(connection, group, from, cancellationToken);
        }

        for (var windows = 0; windows < MostWindows && from < until; windows++)
        {
            var (last, more, missing, standIns) = await LookAsync(connection, group, from, until, cancellationToken);
            if (last is not { } edge)
            {
                break;
            }

            if (standIns.Exists(standIn => standIn.IsProjected))
            {
                if (await StandIns.ReplaceAsync(connection, group, standIns.Where(standIn => standIn.IsProjected), cancellationToken) is { } redriven)
                {
                    Report(group, redriven);
                    redelivered += redriven.Count;
                }

                // The next pass finds them on their way, and whatever there is above.
                return redelivered;
            }

            if (missing.Count > 0 && onTheirWay is null)
            {
                // First what is on its way, then what is missing: what was finished between the two is then not missing any more.
                onTheirWay = await FindOnTheirWayAsync(group);
                if (onTheirWay is null)
                {
                    return redelivered;
                }

                continue;
            }

            // A letter that is still pending keeps the id until the next pass.
            var isOpen = standIns.Count > 0;
            if (missing.Count > 0)
            {
                var (again, open) = await DeliverAgainAsync(connection, group, pass, missing, onTheirWay!, cancellationToken);
                redelivered += again;
                isOpen |= open;
            }
            else if (isSure && !isOpen && !await MergeAsync(connection, group, from, edge, cancellationToken))
            {
                return redelivered;
            }

            isSure &= !isOpen;
            if (isSure)
            {
                await RaiseAsync(connection, group, edge, cancellationToken);
            }

            from = edge;
            if (!more || onTheirWay?.Count >= MostOnTheirWay)
            {
                break;
            }
        }

        return redelivered;
    }

    private static async Task<Pass?> BeginAsync(NpgsqlConnection connection, RegisteredGroup group, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, BeginSql, group);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) && reader.GetBoolean(0)
            ? new Pass(reader.GetInt64(1), reader.GetInt64(2), reader.GetBoolean(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6))
            : null;
    }

    private static async Task RaiseAsync(NpgsqlConnection connection, RegisteredGroup group, long verified, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, RaiseSql, group, verified);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<bool> IsOnStreamAsync(RegisteredGroup group, long entry)
    {
        var id = EntryId.FromInt64(entry).ToString();
        return entry > 0 && (await redis.GetDatabase().StreamRangeAsync(group.StreamKey, id, id, 1)).Length == 1;
    }

    /// <summary>Looks at one moment, so that what covers an id when it is not missing is what is looked at.</summary>
    private static async Task<(long? Last, bool More, List<EntryRange> Missing, List<StandIns.StandIn> StandIns)> LookAsync(
        NpgsqlConnection connection, RegisteredGroup group, long from, long until, CancellationToken cancellationToken)
    {
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var (last, more, missing) = await FindMissingAsync(connection, group, from, until, MostOnTheirWay + 1, cancellationToken);
        return (last, more, missing, last is { } edge ? await StandIns.FindAsync(connection, group, from, edge, cancellationToken) : []);
    }

    /// <summary>Compares about <see cref="EventsAtOnce"/> events.</summary>
    /// <returns>The last id that was compared, null where there was nothing to compare; whether there are more; and what is neither done nor dead-lettered, at most so many ranges.</returns>
    internal static async Task<(long? Last, bool More, List<EntryRange> Missing)> FindMissingAsync(
        NpgsqlConnection connection, RegisteredGroup group, long from, long until, int most, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, MissingSql, group, from, until, EventsAtOnce, most);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (last, more, missing) = ((long?)null, false, new List<EntryRange>());
        while (await reader.ReadAsync(cancellationToken))
        {
            last = reader.IsDBNull(0) ? null : reader.GetInt64(0);
            more = reader.GetBoolean(1);
            if (!reader.IsDBNull(2))
            {
                missing.Add(new(reader.GetInt64(2), reader.GetInt64(3)));
            }
        }

        return (last, more, missing);
    }

    /// <summary>The ids on the stream of redriven entries that are not finished; null where there are many or Redis does not know.</summary>
    private async Task<HashSet<long>?> FindOnTheirWayAsync(RegisteredGroup group)
    {
        var reply = (RedisResult[])(await ProgressScript.RunAsync(redis.GetDatabase(), [group.StreamKey, group.RedriveKey], [group.Name.Value, MostOnTheirWay, "", ""]))!;
        if (reply[0].ToString() is not { Length: > 0 } || (int)reply[2] == 1)
        {
            return null;
        }

        return [.. ((RedisValue[])reply[3]!).Select(id => EntryId.TryParse(Encoding.ASCII.GetBytes(id.ToString()), out var entry) ? entry.Value : -1)];
    }

    /// <returns>How many were delivered again; whether any is still to be done.</returns>
    private async Task<(int Redelivered, bool IsOpen)> DeliverAgainAsync(
        NpgsqlConnection connection, RegisteredGroup group, Pass pass, List<EntryRange> missing, HashSet<long> onTheirWay, CancellationToken cancellationToken)
    {
        var room = Math.Max(0, MostOnTheirWay - onTheirWay.Count);
        var looked = missing.SelectMany(Ids).Take(MostOnTheirWay + room + 1).ToArray();
        var redriven = await FindRedrivenAsync(connection, group, looked, cancellationToken);
        var lost = looked.Where(id => !onTheirWay.Contains(id) && !redriven.Contains(id) && !_gone.ContainsKey((group.Stream, group.Name, id))).Take(room).ToArray();
        var (found, gone) = await AddAsync(connection, group, lost, cancellationToken);
        onTheirWay.UnionWith(found);
        Report(group, pass, found, gone);
        return (found.Count, found.Count > 0 || looked.Any(id => !_gone.ContainsKey((group.Stream, group.Name, id))) || looked.Length > MostOnTheirWay + room);

        static IEnumerable<long> Ids(EntryRange range)
        {
            for (var id = range.From; id < range.To; id++)
            {
                yield return id;
            }
        }
    }

    /// <returns>Those of the ids that were dead letters and are redriven.</returns>
    internal static async Task<HashSet<long>> FindRedrivenAsync(NpgsqlConnection connection, RegisteredGroup group, long[] ids, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, RedrivesSql, group, ids);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var redriven = new HashSet<long>();
        while (await reader.ReadAsync(cancellationToken))
        {
            redriven.Add(reader.GetInt64(0));
        }

        return redriven;
    }

    private async Task<(List<long> Found, List<long> Gone)> AddAsync(NpgsqlConnection connection, RegisteredGroup group, long[] lost, CancellationToken cancellationToken)
    {
        if (lost.Length == 0)
        {
            return ([], []);
        }

        var (found, gone) = await ReadEventsAsync(connection, lost, cancellationToken);
        await Task.WhenAll(found.Select(item => redis.GetDatabase().StreamAddAsync(group.RedriveKey, [new(EventFields.Entry, EntryId.FromInt64(item.Key).ToString()), .. item.Value])));
        return ([.. found.Keys], gone);
    }

    /// <returns>The fields of the events that the ids were given to; those ids whose events the outbox no longer has.</returns>
    private static async Task<(Dictionary<long, NameValueEntry[]> Found, List<long> Gone)> ReadEventsAsync(NpgsqlConnection connection, long[] ids, CancellationToken cancellationToken)
    {
        var (found, gone, events) = (new List<long>(), new List<long>(), new RelayBatchBuilder());
        await using (var command = new NpgsqlCommand(EventsSql, connection) { Parameters = { new() { Value = ids } } })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                if (await reader.IsDBNullAsync(0, cancellationToken))
                {
                    gone.Add(reader.GetInt64(9));
                    continue;
                }

                events.Add(reader);
                found.Add(reader.GetInt64(9));
            }
        }

        var batch = events.Build();
        return (Enumerable.Range(0, batch.Count).ToDictionary(i => found[i], i => EventFields.Named(batch.Values(i, 1))), gone);
    }

    private void Report(RegisteredGroup group, Pass pass, List<long> found, List<long> gone)
    {
        // A group that began with the whole history is given from the outbox what the stream no longer had.
        var history = found.Where(id => pass.BeganWithHistory && id <= pass.Floor).ToArray();
        var lost = found.Except(history).ToArray();
        if (history.Length > 0)
        {
            Log.History(logger, group.Name, group.Stream, history.Length);
        }

        metrics.Missing(group.Stream, group.Name, lost.Length + gone.Count);
        metrics.Gone(group.Stream, group.Name, gone.Count);
        if (lost.Length > 0)
        {
            Log.Missing(logger, group.Name, group.Stream, lost.Length, Name(lost));
        }

        if (gone.Count > 0)
        {
            Log.Gone(logger, group.Name, group.Stream, gone.Count, Name(gone));
            foreach (var id in gone)
            {
                _gone[(group.Stream, group.Name, id)] = true;
            }
        }
    }

    private void Report(RegisteredGroup group, List<long> redriven)
    {
        if (redriven.Count > 0)
        {
            metrics.Missing(group.Stream, group.Name, redriven.Count);
            Log.StoodIn(logger, group.Name, group.Stream, redriven.Count, Name(redriven));
        }
    }

    private static string Name(IReadOnlyCollection<long> ids)
        => string.Join(", ", ids.Take(MostNamed).Select(EntryId.FromInt64)) + (ids.Count > MostNamed ? $" and {ids.Count - MostNamed} more" : "");

    /// <summary>
    /// Makes one range of those that lie between two ids of which nothing in between is missing. What is between the ranges then is no event's and never will be: the relay's ids only rise, and what it has
    /// declared dead it gives to nobody.
    /// </summary>
    /// <returns>False where somebody else rewrites the group's ranges at this moment.</returns>
    private static async Task<bool> MergeAsync(NpgsqlConnection connection, RegisteredGroup group, long from, long edge, CancellationToken cancellationToken)
    {
        var ranges = new List<EntryRange>();
        await using (var command = Command(connection, RangesSql, group, from, edge + 1, int.MaxValue))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                var range = new EntryRange(reader.GetInt64(0), reader.GetInt64(1));
                if (range.To <= edge + 1)
                {
                    ranges.Add(range);
                }
            }
        }

        return ranges.Count < 2 || await InboxCompaction.TryMergeAsync(
            connection, group.Stream, group.Name, [new(new(ranges.Min(range => range.From), ranges.Max(range => range.To)), ranges.Count, ranges.Sum(range => range.Length))], cancellationToken);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, RegisteredGroup group, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = group.Stream.Value }, new() { Value = group.Name.Value } } };
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        return command;
    }

    /// <param name="Verified">Up to where the last pass came.</param>
    /// <param name="Checkpoint">The group's.</param>
    /// <param name="BeganWithHistory">Whether the group is due everything.</param>
    /// <param name="Floor">The trim floor.</param>
    /// <param name="Tail">The last live entry of the chain.</param>
    /// <param name="Settled">Everything up to here has been appended.</param>
    private sealed record Pass(long Verified, long Checkpoint, bool BeganWithHistory, long Floor, long Tail, long Settled);

    private static partial class Log
    {
        [LoggerMessage(561, LogLevel.Error,
            "Group '{Group}' of stream '{Stream}' missed {Count} event(s) that were published below its checkpoint: something trimmed or deleted them, or deleted their consumer. They are delivered again from the outbox. Missed: {Ids}")]
        public static partial void Missing(ILogger logger, GroupName group, StreamName stream, int count, string ids);

        [LoggerMessage(562, LogLevel.Error,
            "Group '{Group}' of stream '{Stream}' lost {Count} event(s) for good: they are neither on the stream nor in bus.outbox, from which somebody has deleted them. Restore them from a backup. Lost: {Ids}")]
        public static partial void Gone(ILogger logger, GroupName group, StreamName stream, int count, string ids);

        [LoggerMessage(564, LogLevel.Error,
            "Group '{Group}' of stream '{Stream}' missed {Count} event(s): entries that no relay wrote had taken their ids, and became dead letters. The events are redriven now. Find out who writes to the stream: the letters' history has what stood there. Missed: {Ids}")]
        public static partial void StoodIn(ILogger logger, GroupName group, StreamName stream, int count, string ids);

        [LoggerMessage(563, LogLevel.Information, "Group '{Group}' of stream '{Stream}' began with all of the history: {Count} events that the stream no longer had are delivered from the outbox.")]
        public static partial void History(ILogger logger, GroupName group, StreamName stream, int count);
    }
}
