using FanOut.Bench.Running;
using FanOut.EventBus.Consuming;
using Npgsql;

namespace FanOut.Bench.Consume;

/// <summary>One row per event, inserted in one statement per batch.</summary>
internal sealed class RowHandler(DrainClock clock) : IEventBatchHandler<BenchOrder>
{
    private static readonly string InsertEffects = EmbeddedSql.Read("Consume.insert_effects.sql");

    public async Task HandleAsync(EventBatch<BenchOrder> batch, CancellationToken cancellationToken)
    {
        clock.Start();
        var orders = new Guid[batch.Count];
        var totals = new decimal[batch.Count];
        for (var i = 0; i < batch.Count; i++)
        {
            (orders[i], totals[i]) = (batch[i].Data.OrderId, batch[i].Data.Total);
        }

        await using var command = new NpgsqlCommand(InsertEffects, batch.Connection);
        command.Parameters.AddWithValue(batch.Group.Value);
        command.Parameters.AddWithValue(orders);
        command.Parameters.AddWithValue(totals);
        await command.PrepareAsync(cancellationToken);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
