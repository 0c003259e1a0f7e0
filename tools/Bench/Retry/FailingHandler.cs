using FanOut.Bench.Consume;

namespace FanOut.Bench.Retry;

/// <summary>Writes one row per event, or nothing, but fails the first delivery of a share of them before it touches the connection.</summary>
internal sealed class FailingHandler(DrainClock clock, FailingShare share) : IEventHandler<BenchOrder>
{
    private static readonly string InsertEffect = EmbeddedSql.Read("Consume.insert_effect.sql");

    public Task HandleAsync(EventContext<BenchOrder> context, CancellationToken cancellationToken)
    {
        clock.Start();
        if (context.Delivery == 1 && context.EventId.GetHashCode() is var hash && (uint)hash % 100 < share.Percent)
        {
            throw new InvalidOperationException("This benchmark's event fails once.");
        }

        if (!share.HasEffect)
        {
            return Task.CompletedTask;
        }

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

/// <param name="Percent">How many of 100 events fail once, about.</param>
/// <param name="HasEffect">Whether the others have an effect.</param>
internal sealed record FailingShare(int Percent, bool HasEffect = true);
