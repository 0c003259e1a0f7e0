namespace FanOut.EventBus.Consuming;

/// <summary>
/// Handles the events of a batch together, for effects that are cheaper in sets. The contract is that of <see cref="IEventHandler{T}"/>; where it throws, the events are handled again one by one, as batches of one,
/// to find the one at fault.
/// </summary>
/// <typeparam name="T">The type of the events' data.</typeparam>
public interface IEventBatchHandler<T>
{
    /// <summary>Handles the events of one batch.</summary>
    /// <param name="batch">At least one event, in the order of the stream, and the transaction they are handled in.</param>
    /// <param name="cancellationToken">Cancelled when the host will not wait any longer; what is not committed then is delivered again.</param>
    /// <returns>A task that ends when all are handled.</returns>
    Task HandleAsync(EventBatch<T> batch, CancellationToken cancellationToken);
}
