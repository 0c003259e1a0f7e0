using System.Runtime.InteropServices;
using FanOut.Bench.Running;
using FanOut.EventBus.Consuming;
using Npgsql;

namespace FanOut.Bench.Consume;

/// <summary>Events summed up per batch, one row per day and batch: what an analytics worker does.</summary>
internal sealed class AggregatingHandler(DrainClock clock) : IEventBatchHandler<BenchOrder>
{
    private static readonly string InsertRevenue = EmbeddedSql.Read("Consume.insert_revenue.sql");

    public async Task HandleAsync(EventBatch<BenchOrder> batch, CancellationToken cancellationToken)
    {
        clock.Start();
        var days = new Dictionary<DateOnly, (int Orders, decimal Revenue)>();
        foreach (var context in batch)
        {
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(days, context.Data.Day, out _);
            sum = (sum.Orders + 1, sum.Revenue + context.Data.Total);
        }

        await using var command = new NpgsqlCommand(InsertRevenue, batch.Connection);
        command.Parameters.AddWithValue(batch.Group.Value);
        command.Parameters.AddWithValue(days.Keys.ToArray());
        command.Parameters.AddWithValue(days.Values.Select(sum => sum.Orders).ToArray());
        command.Parameters.AddWithValue(days.Values.Select(sum => sum.Revenue).ToArray());
        await command.PrepareAsync(cancellationToken);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
