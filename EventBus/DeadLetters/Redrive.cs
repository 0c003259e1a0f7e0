using FanOut.EventBus.Consuming;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace FanOut.EventBus.DeadLetters;

/// <summary>
/// Gives dead letters to their group once more. That is decided in Postgres, in one transaction: the dead letter is redriven and its id is free in the inbox. Only then is its entry added to the group's redrive
/// stream, and added again whenever Redis is found not to have it before the id is covered once more. An entry that is there twice does no harm, for the inbox gives it one effect.
/// </summary>
internal sealed partial class Redrive(IConnectionMultiplexer redis, NpgsqlDataSource postgres, EventBusMetrics metrics, TimeProvider time, ILogger<Redrive> logger)
{
    /// <summary>The most that one transaction decides about or adds.</summary>
    public const int MostAtOnce = 100;

    private const int MostChecked = 1_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly string BeginSql = EmbeddedText.Read("Retention.begin_rewrite.sql");
    private static readonly string MarkRedrivenSql = EmbeddedText.Read("DeadLetters.mark_redriven.sql");
    private static readonly string FreeSql = EmbeddedText.Read("DeadLetters.free_entries.sql");
    private static readonly string FindUnsettledSql = EmbeddedText.Read("DeadLetters.find_unsettled.sql");
    private static readonly string MarkSettledSql = EmbeddedText.Read("DeadLetters.mark_settled.sql");
    private static readonly string LockUnsettledSql = EmbeddedText.Read("DeadLetters.lock_unsettled.sql");
    private static readonly string MarkAddedSql = EmbeddedText.Read("DeadLetters.mark_added.sql");
    private static readonly EmbeddedScript FindWaitingScript = new("DeadLetters.find_waiting.lua");
    private static readonly EmbeddedScript TrimScript = new("DeadLetters.trim_redrive.lua");
    private readonly Dictionary<(StreamName Stream, GroupName Group), long> _checked = [];

    /// <summary>Decides that dead letters are redriven.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="group">The group that all of them are of.</param>
    /// <param name="numbers">At most <see cref="MostAtOnce"/>.</param>
    /// <param name="by">Who decides.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The numbers of those that were not decided about before.</returns>
    public async Task<long[]> DecideAsync(StreamName stream, GroupName group, long[] numbers, string by, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await BeginAsync(connection, stream, group, cancellationToken);
        var (redriven, entries) = (new List<long>(), new List<long>());
        await using (var mark = new NpgsqlCommand(MarkRedrivenSql, connection) { Parameters = { Text(stream.Value), Text(group.Value), new() { Value = numbers }, Text(by) } })
        {
            await using var reader = await mark.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                redriven.Add(reader.GetInt64(0));
                entries.Add(reader.GetInt64(1));
            }
        }

        if (redriven.Count > 0)
        {
            await using var free = new NpgsqlCommand(FreeSql, connection) { Parameters = { Text(stream.Value), Text(group.Value), new() { Value = entries.ToArray() } } };
            await free.ExecuteNonQueryAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return [.. redriven];
    }

    /// <summary>Adds redriven entries to their group's redrive stream. Where that fails, the group's next <see cref="CareAsync"/> does it.</summary>
    /// <returns>Whether Redis has them.</returns>
    public async Task<bool> TryAddAsync(StreamName stream, GroupName group, long[] numbers, CancellationToken cancellationToken)
    {
        try
        {
            await AddAsync(stream, group, [.. numbers.Select(number => new Unsettled(number, default, null))], cancellationToken);
            return true;
        }
        catch (Exception e) when (Fault.IsEnvironment(e))
        {
            Log.NotAdded(logger, numbers.Length, stream, group, Fault.Describe(e));
            return false;
        }
    }

    /// <summary>Settles what is covered again, adds what Redis lost, and removes from the redrive stream what is finished. Looks at no more than <see cref="MostChecked"/> in one call; the next one goes on from there.</summary>
    /// <returns>How many entries were added again.</returns>
    public async Task<int> CareAsync(StreamName stream, GroupName group, CancellationToken cancellationToken)
    {
        var (page, covered) = await FindUnsettledAsync(stream, group, _checked.GetValueOrDefault((stream, group)), cancellationToken);
        _checked[(stream, group)] = page.Count + covered.Count < MostChecked ? 0 : page.Select(letter => letter.Number).Concat(covered).Max();
        if (covered.Count > 0)
        {
            await using var settle = postgres.CreateCommand(MarkSettledSql);
            settle.Parameters.AddWithValue(covered.ToArray());
            await settle.ExecuteNonQueryAsync(cancellationToken);
        }

        var added = 0;
        foreach (var letters in page.Chunk(MostAtOnce))
        {
            var missing = await FindMissingAsync(stream, group, letters);
            if (missing.Length > 0)
            {
                added += await AddAsync(stream, group, missing, cancellationToken);
            }
        }

        if (added > 0)
        {
            metrics.RedrivenAgain(stream, group, added);
            Log.AddedAgain(logger, added, stream, group);
        }

        await TrimScript.RunAsync(redis.GetDatabase(), [StreamKeys.Redrive(stream, group)], [group.Value]);
        return added;
    }

    private async Task<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection, StreamName stream, GroupName group, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using (var begin = new NpgsqlCommand(BeginSql, connection) { Parameters = { Text(stream.Value), Text(group.Value) } })
            {
                if (await begin.ExecuteScalarAsync(cancellationToken) is true)
                {
                    return transaction;
                }
            }

            await transaction.DisposeAsync();
            if (time.GetElapsedTime(began) > Patience)
            {
                throw new TimeoutException($"The inbox of group '{group}' on stream '{stream}' has been rewritten by others for {Patience}: try again.");
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private async Task<(List<Unsettled> Open, List<long> Covered)> FindUnsettledAsync(StreamName stream, GroupName group, long after, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(FindUnsettledSql);
        command.Parameters.AddRange(new[] { Text(stream.Value), Text(group.Value), new() { Value = after }, new() { Value = MostChecked } });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (open, covered) = (new List<Unsettled>(), new List<long>());
        while (await reader.ReadAsync(cancellationToken))
        {
            if (reader.GetBoolean(3))
            {
                covered.Add(reader.GetInt64(0));
            }
            else
            {
                open.Add(new(reader.GetInt64(0), EntryId.FromInt64(reader.GetInt64(1)), reader.IsDBNull(2) ? null : reader.GetString(2)));
            }
        }

        return (open, covered);
    }

    private async Task<Unsettled[]> FindMissingAsync(StreamName stream, GroupName group, Unsettled[] letters)
    {
        var added = letters.Where(letter => letter.RedriveEntry is not null).ToArray();
        var values = new List<RedisValue> { group.Value };
        foreach (var letter in added)
        {
            values.Add(letter.RedriveEntry);
            values.Add(letter.Entry.ToString());
        }

        var waiting = added.Length == 0 ? [] : (int[])(await FindWaitingScript.RunAsync(redis.GetDatabase(), [StreamKeys.Redrive(stream, group)], [.. values]))!;
        return [.. letters.Where(letter => letter.RedriveEntry is null), .. added.Where((_, i) => waiting[i] == 0)];
    }

    /// <returns>How many were added; what another adds at the same time is left to it.</returns>
    private async Task<int> AddAsync(StreamName stream, GroupName group, Unsettled[] letters, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (numbers, adds) = (new List<long>(), new List<Task<RedisValue>>());
        await using (var find = new NpgsqlCommand(LockUnsettledSql, connection))
        {
            find.Parameters.Add(new() { Value = letters.Select(letter => letter.Number).ToArray() });
            find.Parameters.Add(new() { Value = letters.Select(letter => letter.RedriveEntry).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
            await using var reader = await find.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                numbers.Add(reader.GetInt64(0));
                NameValueEntry[] fields = [new(EventFields.Entry, EntryId.FromInt64(reader.GetInt64(1)).ToString()), .. DeadLetterStore.FromJson(reader.GetString(2))];
                adds.Add(redis.GetDatabase().StreamAddAsync(StreamKeys.Redrive(stream, group), fields));
            }
        }

        var ids = await Task.WhenAll(adds);
        if (numbers.Count > 0)
        {
            await using var mark = new NpgsqlCommand(MarkAddedSql, connection);
            mark.Parameters.AddWithValue(numbers.ToArray());
            mark.Parameters.AddWithValue(Array.ConvertAll(ids, id => id.ToString()));
            await mark.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return numbers.Count;
    }

    private static NpgsqlParameter Text(string value) => new() { Value = value, NpgsqlDbType = NpgsqlDbType.Text };

    /// <param name="Number">Of the dead letter.</param>
    /// <param name="Entry">Its id on the stream.</param>
    /// <param name="RedriveEntry">Its id on the redrive stream, as far as is known.</param>
    private readonly record struct Unsettled(long Number, EntryId Entry, string? RedriveEntry);

    private static partial class Log
    {
        [LoggerMessage(531, LogLevel.Warning, "{Count} redriven event(s) of group '{Group}' on stream '{Stream}' are not on the redrive stream yet; the reclaimer adds them: {Reason}")]
        public static partial void NotAdded(ILogger logger, int count, StreamName stream, GroupName group, string reason);

        [LoggerMessage(532, LogLevel.Warning, "Added {Count} redriven event(s) to the redrive stream of group '{Group}' on stream '{Stream}' that Redis did not have.")]
        public static partial void AddedAgain(ILogger logger, int count, StreamName stream, GroupName group);
    }
}
