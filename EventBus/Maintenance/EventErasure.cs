using FanOut.EventBus.Groups;
using FanOut.EventBus.Wire;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace FanOut.EventBus;

/// <summary>
/// Replaces the data of events that are done, where a law requires that a person is forgotten: in the outbox and in dead letters. Their entries on
/// the stream and the copies of dead letters in Redis are removed. Positions, ids and counts stay. Reads the whole stream. Calling again is safe,
/// also at the same time and after a call that broke off.
/// </summary>
/// <param name="redis">The Redis of the stream. Stays the caller's.</param>
/// <param name="postgres">The database with the outbox. Its user must own the outbox, or may update it. Stays the caller's.</param>
public sealed class EventErasure(IConnectionMultiplexer redis, NpgsqlDataSource postgres)
{
    private const int MaxPerTransaction = 500;
    private static readonly string OpenSql = EmbeddedText.Read("Maintenance.find_open_subjects.sql");
    private static readonly string BecomeOwnerSql = EmbeddedText.Read("Maintenance.become_outbox_owner.sql");
    private static readonly string FindEventsSql = EmbeddedText.Read("Maintenance.find_erasable_events.sql");
    private static readonly string EraseEventsSql = EmbeddedText.Read("Maintenance.erase_events.sql");
    private static readonly string FindRetriesSql = EmbeddedText.Read("Maintenance.find_erasable_retries.sql");
    private static readonly string EraseRetriesSql = EmbeddedText.Read("Maintenance.erase_retries.sql");

    /// <summary>Finds events that a group has still to handle. Their data is not to be erased yet.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="subjects">The subjects of the events in question.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Those of the subjects that have such an event.</returns>
    /// <exception cref="InvalidOperationException">The database has no such stream.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<IReadOnlySet<string>> FindOpenAsync(
        StreamName stream, IReadOnlyCollection<string> subjects, CancellationToken cancellationToken = default)
    {
        object[] values = [(await FindAsync(stream, cancellationToken)).Id, subjects.ToArray()];
        return (await postgres.QueryAsync(OpenSql, values, row => row.Get<string>("subject"), cancellationToken)).ToHashSet();
    }

    /// <summary>Replaces the data of all events with these subjects.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="subjects">The subjects of the events. The caller leaves out those that are not done: <see cref="FindOpenAsync"/>.</param>
    /// <param name="replace">Gets an event's data, which may be anything, and returns what to keep of it.</param>
    /// <param name="cancellationToken">Ends the wait. What was erased until then stays erased.</param>
    /// <returns>How many were changed.</returns>
    /// <exception cref="InvalidOperationException">The database has no such stream.</exception>
    /// <exception cref="RedisException">Redis cannot be reached or refuses.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<ErasedEvents> EraseAsync(
        StreamName stream,
        IReadOnlyCollection<string> subjects,
        Func<ReadOnlyMemory<byte>, byte[]> replace,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(replace);
        var identity = await FindAsync(stream, cancellationToken);
        var texts = subjects.ToArray();
        var events = await RewriteAsync(FindEventsSql, "position", identity, texts, replace, EraseEventsAsync, cancellationToken);

        // Before the copies: a row that is not copied yet is copied as it is then.
        var letters = await RewriteAsync(FindRetriesSql, "number", identity, texts, replace, EraseRetriesAsync, cancellationToken);
        var groups = await new ConsumerGroups(redis, postgres, TimeProvider.System).LoadAsync(identity, cancellationToken);
        var wanted = texts.ToHashSet(StringComparer.Ordinal);
        var entries = await RemoveAsync(StreamKeys.Stream(stream), entry => wanted.Contains(entry[EventFields.Subject].ToString()));
        var copies = 0L;
        foreach (var group in groups)
        {
            copies += await RemoveAsync(StreamKeys.DeadLetters(stream, group.Name), entry => entry.Values.Any(field =>
                Array.Exists(texts, text => field.Value.ToString().Contains(text, StringComparison.Ordinal))));
        }

        return new ErasedEvents(events, entries, letters, copies);

        async Task<int> EraseEventsAsync(NpgsqlConnection connection, long[] positions, byte[]?[] data)
        {
            await using (var become = new NpgsqlCommand(BecomeOwnerSql, connection))
            {
                await become.ExecuteNonQueryAsync(cancellationToken);
            }

            await using var command = new NpgsqlCommand(EraseEventsSql, connection).With(identity.Id, positions, Bytes(data));
            return await command.ExecuteNonQueryAsync(cancellationToken);
        }

        async Task<int> EraseRetriesAsync(NpgsqlConnection connection, long[] numbers, byte[]?[] data)
        {
            await using var command = new NpgsqlCommand(EraseRetriesSql, connection).With(numbers, Bytes(data));
            return await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private async Task<int> RewriteAsync(
        string find,
        string key,
        StreamIdentity stream,
        string[] subjects,
        Func<ReadOnlyMemory<byte>, byte[]> replace,
        Func<NpgsqlConnection, long[], byte[]?[], Task<int>> save,
        CancellationToken cancellationToken)
    {
        var changed = 0;
        for (var (last, count) = (-1L, MaxPerTransaction); count == MaxPerTransaction;)
        {
            await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using var command = new NpgsqlCommand(find, connection) { CommandTimeout = 0 }.With(stream.Id, subjects, last, MaxPerTransaction);
            var rows = await command.QueryAsync(row => (Key: row.Get<long>(key), Data: row.Get<byte[]?>("data")), cancellationToken);
            count = rows.Count;
            if (count > 0)
            {
                last = rows[^1].Key;
                var data = rows.Select(row => row.Data is null ? null : replace(row.Data)).ToArray();
                changed += await save(connection, [.. rows.Select(row => row.Key)], data);
                await transaction.CommitAsync(cancellationToken);
            }
        }

        return changed;
    }

    private async Task<long> RemoveAsync(RedisKey key, Func<StreamEntry, bool> isWanted)
    {
        var database = redis.GetDatabase();
        var removed = 0L;
        var from = "-";
        for (var count = MaxPerTransaction; count == MaxPerTransaction;)
        {
            var entries = await database.StreamRangeAsync(key, from, "+", MaxPerTransaction);
            count = entries.Length;
            RedisValue[] found = [.. entries.Where(isWanted).Select(entry => entry.Id)];
            removed += found.Length > 0 ? await database.StreamDeleteAsync(key, found) : 0;
            from = count > 0 ? $"({entries[^1].Id}" : from;
        }

        return removed;
    }

    private async Task<StreamIdentity> FindAsync(StreamName stream, CancellationToken cancellationToken) =>
        await postgres.ScalarAsync("select id from bus.stream where name = $1", [stream.Value], cancellationToken) is int id
            ? new StreamIdentity(id, stream)
            : throw new InvalidOperationException($"This database has no stream '{stream}'.");

    private static NpgsqlParameter Bytes(byte[]?[] data) => new() { Value = data, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
}
