using FanOut.Bench.Running;
using FanOut.EventBus.Wire;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.Bench.Consume;

/// <summary>The article's consumer, one message at a time: is there an idempotency record? No: effect and record in one transaction, commit. Its key is scoped by group here, or a second group would skip everything.</summary>
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
