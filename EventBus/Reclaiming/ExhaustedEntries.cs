using System.Globalization;
using System.Text;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Reclaiming;

/// <summary>
/// Dead-letters what was delivered too often: first in Postgres, where the inbox lets an entry have its effect or be a dead letter but never both, then in Redis. A crash between the two leaves a dead letter
/// without <c>projected_at</c>, which the next pass completes.
/// </summary>
internal sealed partial class ExhaustedEntries(
    IConnectionMultiplexer redis, NpgsqlDataSource postgres, DeadLetterProjector projector, MissingEntries missing, EventBusMetrics metrics, ILogger<ExhaustedEntries> logger)
{
    private const int MostProjected = 1_000;

    // Whoever holds the entry may be at work on it for long; other entries, and other groups, are not to wait for that.
    private const string LockTimeoutSql = "set local lock_timeout = '1s'";

    private static readonly string FindFailureSql = EmbeddedText.Read("Reclaiming.find_failure.sql");
    private static readonly string FindUnprojectedSql = EmbeddedText.Read("Reclaiming.find_unprojected.sql");

    /// <summary>Makes one entry a dead letter, or acknowledges it where its effect was committed after all.</summary>
    public async Task DeadLetterAsync(RegisteredGroup group, bool redriven, ExhaustedEntry exhausted, CancellationToken cancellationToken)
    {
        var key = redriven ? group.RedriveKey : group.StreamKey;
        var found = await redis.GetDatabase().StreamRangeAsync(key, exhausted.Id, exhausted.Id, 1);
        if (found.Length == 0)
        {
            await redis.GetDatabase().StreamAcknowledgeAsync(key, group.Name.Value, exhausted.Id);
            await missing.ReportAsync(group, redriven, [exhausted.Id], cancellationToken);
            return;
        }

        var fields = found[0].Values;
        if (!EntryId.TryParse(Encoding.ASCII.GetBytes(redriven ? SourceId(fields) : exhausted.Id), out var entry))
        {
            await projector.SetAsideAsync(group.Stream, group.Name, key, found[0], exhausted.Consumer);
            Log.SetAside(logger, group.Stream, group.Name, exhausted.Id, key.ToString());
            return;
        }

        long? number;
        var letter = new DeadLetter
        {
            Entry = entry,
            RedriveId = redriven ? exhausted.Id : null,
            Fields = redriven ? fields[1..] : fields,
            Consumer = exhausted.Consumer,
            Deliveries = exhausted.Deliveries,
            Error = "",
        };
        await using (var connection = await postgres.OpenConnectionAsync(cancellationToken))
        {
            letter = letter with { Error = await DescribeAsync(connection, group, entry, exhausted.Deliveries, cancellationToken) };
            number = await TryAddAsync(connection, group, letter, cancellationToken);
            if (number is not null)
            {
                metrics.Count(group.Stream, group.Name, duplicates: 0, parked: 0, deadLettered: 1);
                Log.DeadLettered(logger, group.Stream, group.Name, entry, exhausted.Deliveries, letter.Error);
                if (WireEvent.TryRead(letter.Fields, out var wire) is null)
                {
                    EntryTrace.RecordDeadLetter(group.Stream, group.Name, wire, entry, exhausted.Consumer, exhausted.Deliveries, letter.Error);
                }
            }
            else
            {
                number = await FindEarlierAsync(connection, group, entry, cancellationToken);
            }
        }

        if (number is { } decided)
        {
            await projector.ProjectAsync(decided, cancellationToken);
        }
        else
        {
            await redis.GetDatabase().StreamAcknowledgeAsync(key, group.Name.Value, exhausted.Id);
        }
    }

    /// <summary>Completes dead letters that are recorded but may still be pending in Redis.</summary>
    /// <returns>The ids on the stream and on the redrive stream that could not be completed: nobody may be given these.</returns>
    public async Task<(HashSet<string> Stream, HashSet<string> Redrive, Exception? Failure)> ProjectAsync(RegisteredGroup group, CancellationToken cancellationToken)
    {
        var found = new List<(long Number, string Id, bool Redriven)>();
        await using (var command = postgres.CreateCommand(FindUnprojectedSql))
        {
            command.Parameters.AddWithValue(group.Stream.Value);
            command.Parameters.AddWithValue(group.Name.Value);
            command.Parameters.AddWithValue(MostProjected);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var redriveId = reader.IsDBNull(2) ? null : reader.GetString(2);
                found.Add((reader.GetInt64(0), redriveId ?? EntryId.FromInt64(reader.GetInt64(1)).ToString(), redriveId is not null));
            }
        }

        var (stream, redrive, failure) = (new HashSet<string>(), new HashSet<string>(), (Exception?)null);
        foreach (var (number, id, redriven) in found)
        {
            if (failure is null)
            {
                try
                {
                    await projector.ProjectAsync(number, cancellationToken);
                    continue;
                }
                catch (RedisServerException e)
                {
                    failure = e;
                }
            }

            (redriven ? redrive : stream).Add(id);
        }

        return (stream, redrive, failure);
    }

    private static async Task<long?> TryAddAsync(NpgsqlConnection connection, RegisteredGroup group, DeadLetter letter, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var command = new NpgsqlCommand(LockTimeoutSql, connection))
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        var number = await DeadLetterStore.TryAddAsync(connection, group.Stream, group.Name, letter, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return number;
    }

    /// <returns>The dead letter that somebody else recorded and did not complete; null where the entry's effect is committed, or its dead letter complete.</returns>
    private async Task<long?> FindEarlierAsync(NpgsqlConnection connection, RegisteredGroup group, EntryId entry, CancellationToken cancellationToken)
    {
        var open = await DeadLetterStore.FindUnprojectedAsync(connection, group.Stream, group.Name, [entry.Value], cancellationToken);
        if (open.TryGetValue(entry, out var number))
        {
            return number;
        }

        metrics.Count(group.Stream, group.Name, duplicates: 1, parked: 0, deadLettered: 0);
        await new InboxTable(group.Stream, group.Name).CountDuplicatesAsync(connection, 1, cancellationToken);
        return null;
    }

    private static string SourceId(NameValueEntry[] fields) => fields.Length > 0 && fields[0].Name == EventFields.Entry ? fields[0].Value.ToString() : "";

    private static async Task<string> DescribeAsync(NpgsqlConnection connection, RegisteredGroup group, EntryId entry, int deliveries, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindFailureSql, connection);
        command.Parameters.AddWithValue(group.Stream.Value);
        command.Parameters.AddWithValue(group.Name.Value);
        command.Parameters.AddWithValue(entry.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return string.Create(CultureInfo.InvariantCulture, $"Its lane crashed or stalled {deliveries} times without an error.");
        }

        var (error, failed) = (reader.GetString(0), reader.GetInt32(1));
        return failed >= deliveries
            ? error
            : string.Create(CultureInfo.InvariantCulture, $"{error} (delivery {failed}; its lane then crashed or stalled {deliveries - failed} times without an error)");
    }

    private static partial class Log
    {
        [LoggerMessage(502, LogLevel.Warning, "Group '{Group}' of stream '{Stream}': entry {Entry} is a dead letter after {Deliveries} deliveries: {Error}")]
        public static partial void DeadLettered(ILogger logger, StreamName stream, GroupName group, EntryId entry, int deliveries, string error);

        [LoggerMessage(503, LogLevel.Error, "Group '{Group}' of stream '{Stream}': entry {Id} of {Key} is not one that the event bus writes; it was moved to the group's DLQ stream as it is.")]
        public static partial void SetAside(ILogger logger, StreamName stream, GroupName group, string id, string key);
    }
}
