using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Wire;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace FanOut.EventBus.Ledger;

/// <summary>
/// Undoes what a foreign entry does that got the very id which the outbox had given to an event and had not appended yet, because a relay died between the two. The group dead-letters the entry, the next relay moves it
/// away and appends the event, and the inbox takes that for done. So a dead letter that is no event, below the checkpoint, under an id that is an event's, becomes that event's, and is redriven.
/// </summary>
internal static class StandIns
{
    private const int MostAtOnce = 100;
    private const string By = "ledger";
    private static readonly string FindSql = EmbeddedText.Read("Ledger.find_stand_ins.sql");
    private static readonly string CorrectSql = EmbeddedText.Read("Ledger.correct_letter.sql");
    private static readonly string BeginSql = EmbeddedText.Read("Retention.begin_rewrite.sql");
    private static readonly string FreeSql = EmbeddedText.Read("DeadLetters.free_entries.sql");

    /// <summary>Corrects those of a group between two ids.</summary>
    /// <returns>The entries that were corrected, at most <see cref="MostAtOnce"/>; null where somebody else rewrites the group's ranges at this moment.</returns>
    public static async Task<IReadOnlyList<long>?> CorrectAsync(NpgsqlConnection connection, RegisteredGroup group, long from, long until, CancellationToken cancellationToken)
    {
        var letters = await FindAsync(connection, group, from, until, cancellationToken);
        if (letters.Count == 0)
        {
            return [];
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var begin = new NpgsqlCommand(BeginSql, connection) { Parameters = { new() { Value = group.Stream.Value }, new() { Value = group.Name.Value } } })
        {
            if (await begin.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return null;
            }
        }

        var corrected = new List<long>();
        foreach (var (entry, fields) in (await InboxLedger.ReadEventsAsync(connection, [.. letters.Keys], cancellationToken)).Found)
        {
            // An event of ours that no lane can read is a dead letter as it stands.
            var (number, found) = letters[entry];
            if (Id(found) != fields[0].Value && await CorrectAsync(connection, number, fields, cancellationToken))
            {
                corrected.Add(entry);
            }
        }

        await using (var free = new NpgsqlCommand(FreeSql, connection) { Parameters = { new() { Value = group.Stream.Value }, new() { Value = group.Name.Value }, new() { Value = corrected.ToArray() } } })
        {
            await free.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return corrected;
    }

    private static async Task<Dictionary<long, (long Number, NameValueEntry[] Fields)>> FindAsync(NpgsqlConnection connection, RegisteredGroup group, long from, long until, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindSql, connection)
        {
            Parameters = { new() { Value = group.Stream.Value }, new() { Value = group.Name.Value }, new() { Value = from }, new() { Value = until }, new() { Value = MostAtOnce } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var letters = new Dictionary<long, (long, NameValueEntry[])>();
        while (await reader.ReadAsync(cancellationToken))
        {
            letters.Add(reader.GetInt64(1), (reader.GetInt64(0), DeadLetterStore.FromJson(reader.GetString(2))));
        }

        return letters;
    }

    private static async Task<bool> CorrectAsync(NpgsqlConnection connection, long number, NameValueEntry[] fields, CancellationToken cancellationToken)
    {
        if (WireEvent.TryRead(fields, out var wire) is not null)
        {
            return false;
        }

        var metadata = wire.ToMetadata(wire.Type.ToString());
        await using var command = new NpgsqlCommand(CorrectSql, connection)
        {
            Parameters =
            {
                new() { Value = number },
                new() { Value = By },
                new() { Value = metadata.Id },
                new() { Value = metadata.Type },
                new() { Value = metadata.Source },
                new() { Value = metadata.Subject },
                new() { Value = metadata.Time.ToUniversalTime() },
                new() { Value = DeadLetterStore.ToJson(fields), NpgsqlDbType = NpgsqlDbType.Text },
            },
        };
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private static RedisValue Id(NameValueEntry[] fields) => Array.Find(fields, field => field.Name == EventFields.Id).Value;
}
