using FanOut.EventBus.Wire;

namespace FanOut.Bench.Consume;

/// <summary>
/// The article's consumer, one message at a time: if there is no idempotency record, it writes effect and record in one transaction. Here the
/// record's key includes the group. Otherwise a second group would skip everything.
/// </summary>
internal sealed class ArticleAlgorithm(NpgsqlDataSource postgres)
{
    private static readonly string FindProcessed = EmbeddedSql.Read("Consume.find_processed.sql");
    private static readonly string InsertOneProcessed = EmbeddedSql.Read("Consume.insert_one_processed.sql");
    private static readonly string InsertEffect = EmbeddedSql.Read("Consume.insert_effect.sql");

    public async Task HandleAsync(string group, StreamEntry[] entries)
    {
        foreach (var entry in entries)
        {
            var id = Guid.Parse((string)entry[EventFields.Id]!);
            var order = BenchEvents.Read(entry);
            await using var connection = await postgres.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            if ((bool)(await ExecuteAsync(connection, FindProcessed, group, id))!)
            {
                continue;
            }

            await ExecuteAsync(connection, InsertEffect, group, order.OrderId, order.Total);
            await ExecuteAsync(connection, InsertOneProcessed, group, id);
            await transaction.CommitAsync();
        }
    }

    private static async Task<object?> ExecuteAsync(NpgsqlConnection connection, string sql, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        await command.PrepareAsync();
        return await command.ExecuteScalarAsync();
    }
}

/// <summary>A batch in one transaction, with an inbox row and an effect row per event: the usual best of Redis and Postgres.</summary>
internal sealed class InboxRowPerEvent(NpgsqlDataSource postgres)
{
    private static readonly string InsertProcessed = EmbeddedSql.Read("Consume.insert_processed.sql");
    private static readonly string InsertEffects = EmbeddedSql.Read("Consume.insert_effects.sql");

    public async Task HandleAsync(string group, StreamEntry[] entries)
    {
        var ids = Array.ConvertAll(entries, entry => Guid.Parse((string)entry[EventFields.Id]!));
        var orders = Array.ConvertAll(entries, BenchEvents.Read);
        await using var connection = await postgres.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var fresh = new HashSet<Guid>(ids.Length);
        await using (var insert = new NpgsqlCommand(InsertProcessed, connection) { Parameters = { Of(group), Of(ids) } })
        {
            await insert.PrepareAsync();
            await using var reader = await insert.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                fresh.Add(reader.GetGuid(0));
            }
        }

        var handled = orders.Where((_, i) => fresh.Contains(ids[i])).ToArray();
        await using (var effects = new NpgsqlCommand(InsertEffects, connection)
        {
            Parameters = { Of(group), Of(Array.ConvertAll(handled, order => order.OrderId)), Of(Array.ConvertAll(handled, order => order.Total)) },
        })
        {
            await effects.PrepareAsync();
            await effects.ExecuteNonQueryAsync();
        }

        await transaction.CommitAsync();
    }

    private static NpgsqlParameter<T> Of<T>(T value) => new() { TypedValue = value };
}

internal static class BenchEvents
{
    /// <summary>The data of an entry, as rivals read it.</summary>
    public static BenchOrder Read(StreamEntry entry) =>
        JsonSerializer.Deserialize(((ReadOnlyMemory<byte>)entry[EventFields.Data]).Span, BenchJson.Default.BenchOrder)!;
}
