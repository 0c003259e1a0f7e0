using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Wire;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace FanOut.EventBus.Ledger;

/// <summary>
/// Undoes what a foreign entry does that got the very id which the outbox had given to an event and had not appended yet, because a relay died between the two. The group dead-letters the entry, the next relay moves it
/// away and appends the event, and the inbox takes that for done. So a letter below the checkpoint that is not of the event whose id it has gives that id back, whatever somebody decided about it, and the event is redriven.
/// </summary>
internal static class StandIns
{
    /// <summary>The most that are found at once.</summary>
    public const int MostAtOnce = 100;

    private static readonly string FindSql = EmbeddedText.Read("Ledger.find_stand_ins.sql");
    private static readonly string ReplaceSql = EmbeddedText.Read("Ledger.replace_letter.sql");
    private static readonly string BeginSql = EmbeddedText.Read("Retention.begin_rewrite.sql");
    private static readonly string FreeSql = EmbeddedText.Read("DeadLetters.free_entries.sql");

    /// <summary>Those of a group above <paramref name="from"/> and up to <paramref name="until"/>, at most <see cref="MostAtOnce"/>.</summary>
    public static async Task<List<StandIn>> FindAsync(NpgsqlConnection connection, RegisteredGroup group, long from, long until, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindSql, connection)
        {
            Parameters = { new() { Value = group.Stream.Value }, new() { Value = group.Name.Value }, new() { Value = from }, new() { Value = until }, new() { Value = MostAtOnce } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var (letters, events) = (new List<(long Entry, long Number, bool IsProjected)>(), new RelayBatchBuilder());
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(reader);
            letters.Add((reader.GetInt64(9), reader.GetInt64(10), reader.GetBoolean(11)));
        }

        var batch = events.Build();
        return [.. letters.Select((letter, i) => new StandIn(letter.Number, letter.Entry, letter.IsProjected, EventFields.Named(batch.Values(i, 1))))];
    }

    /// <summary>Gives the ids back.</summary>
    /// <returns>The ids of the events that are redriven now; null where somebody else rewrites the group's ranges at this moment.</returns>
    public static async Task<List<long>?> ReplaceAsync(NpgsqlConnection connection, RegisteredGroup group, IEnumerable<StandIn> standIns, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var begin = new NpgsqlCommand(BeginSql, connection) { Parameters = { new() { Value = group.Stream.Value }, new() { Value = group.Name.Value } } })
        {
            if (await begin.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return null;
            }
        }

        var redriven = new List<long>();
        foreach (var standIn in standIns)
        {
            if (await ReplaceAsync(connection, standIn, cancellationToken))
            {
                redriven.Add(standIn.Entry);
            }
        }

        await using (var free = new NpgsqlCommand(FreeSql, connection) { Parameters = { new() { Value = group.Stream.Value }, new() { Value = group.Name.Value }, new() { Value = redriven.ToArray() } } })
        {
            await free.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return redriven;
    }

    private static async Task<bool> ReplaceAsync(NpgsqlConnection connection, StandIn standIn, CancellationToken cancellationToken)
    {
        // No lane could read it either: the letter may as well stay.
        if (WireEvent.TryRead(standIn.Event, out var wire) is not null)
        {
            return false;
        }

        var metadata = wire.ToMetadata(wire.Type.ToString());
        await using var command = new NpgsqlCommand(ReplaceSql, connection)
        {
            Parameters =
            {
                new() { Value = standIn.Number },
                new() { Value = metadata.Id },
                new() { Value = metadata.Type },
                new() { Value = metadata.Source },
                new() { Value = metadata.Subject },
                new() { Value = metadata.Time },
                new() { Value = DeadLetterStore.ToJson(standIn.Event), NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = $"An entry that no relay wrote had taken this event's id: dead letter {standIn.Number}." },
            },
        };
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    /// <param name="Number">Of the letter.</param>
    /// <param name="Entry">The id that it covers.</param>
    /// <param name="IsProjected">Whether it has left the pending entries.</param>
    /// <param name="Event">The fields of the event that the id belongs to.</param>
    internal sealed record StandIn(long Number, long Entry, bool IsProjected, NameValueEntry[] Event);
}
