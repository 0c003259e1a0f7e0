using FanOut.Bench.Running;
using FanOut.EventBus.Consuming;
using Npgsql;

namespace FanOut.Bench.Consume;

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
