namespace FanOut.EventBus;

/// <summary>
/// Handles the events of a batch together, for effects that are cheaper in sets. The contract is that of <see cref="IEventHandler{T}"/>; where it
/// throws, the batch is rolled back and handled again in halves, down to batches of one, to find the event at fault.
/// </summary>
/// <typeparam name="T">The type of the event's data.</typeparam>
public interface IEventBatchHandler<T>
{
    /// <summary>Handles the events of one batch.</summary>
    /// <param name="batch">At least one event, and the transaction they are handled in.</param>
    /// <param name="cancellationToken">Cancelled when the host will not wait any longer; what is not committed then is delivered again.</param>
    /// <returns>A task that ends when all are handled.</returns>
    Task HandleAsync(EventBatch<T> batch, CancellationToken cancellationToken);
}
