using FanOut.Contracts;
using FanOut.EventBus;

namespace FanOut.AnalyticsWorker.Revenue;

internal sealed class RevenueHandler : IEventBatchHandler<OrderPlaced>
{
    public Task HandleAsync(EventBatch<OrderPlaced> batch, CancellationToken cancellationToken)
    {
        var sales = new Sales();
        foreach (var placed in batch)
        {
            sales.Add(placed.EventId, placed.Event.Subject, placed.Data);
        }

        return sales.WriteAsync(batch.Connection, cancellationToken);
    }
}
