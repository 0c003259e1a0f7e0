using FanOut.Bench.Running;
using FanOut.EventBus.Wire;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.Bench.Consume;

/// <summary>A batch in one transaction, with one inbox row and one effect row per event: the best that is usually made of Redis and Postgres.</summary>
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
