using System.Runtime.InteropServices;

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

/// <summary>One row per event, by a handler that sees one event at a time and enqueues its statement.</summary>
internal sealed class SingleHandler(DrainClock clock) : IEventHandler<BenchOrder>
{
    private static readonly string InsertEffect = EmbeddedSql.Read("Consume.insert_effect.sql");

    public Task HandleAsync(EventContext<BenchOrder> context, CancellationToken cancellationToken)
    {
        clock.Start();
        context.Enqueue(new NpgsqlBatchCommand(InsertEffect)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = context.Group.Value },
                new NpgsqlParameter<Guid> { TypedValue = context.Data.OrderId },
                new NpgsqlParameter<decimal> { TypedValue = context.Data.Total },
            },
        });
        return Task.CompletedTask;
    }
}

/// <summary>Starts with the first batch that any handler is given, so that neither connecting nor migrating counts.</summary>
internal sealed class DrainClock
{
    private long _started;

    public void Start()
    {
        if (Volatile.Read(ref _started) == 0)
        {
            Interlocked.CompareExchange(ref _started, TimeProvider.System.GetTimestamp(), 0);
        }
    }

    public TimeSpan Elapsed => Volatile.Read(ref _started) is var started and not 0
        ? TimeProvider.System.GetElapsedTime(started)
        : throw new InvalidOperationException("No handler was given an event.");
}
