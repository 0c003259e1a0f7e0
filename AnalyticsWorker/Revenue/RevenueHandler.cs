using FanOut.Contracts;
using FanOut.EventBus;

namespace FanOut.AnalyticsWorker.Revenue;

internal sealed class RevenueHandler(ContractsValidator validator) : IEventBatchHandler<OrderPlaced>
{
    public async Task HandleAsync(EventBatch<OrderPlaced> batch, CancellationToken cancellationToken)
    {
        var sales = new Sales();
        foreach (var placed in batch)
        {
            if (await validator.FindProblemAsync(placed.Data, cancellationToken) is { } problem)
            {
                throw new RejectEventException(problem);
            }

            sales.Add(placed.EventId, placed.Event.Subject, placed.Data);
        }

        await sales.WriteAsync(batch.Connection, cancellationToken);
    }
}
