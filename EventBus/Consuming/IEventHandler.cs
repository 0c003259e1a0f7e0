namespace FanOut.EventBus;

/// <summary>
/// Handles one event at a time. The whole contract: effects go through <see cref="EventContext{T}.Enqueue"/> or
/// <see cref="EventContext{T}.Connection"/> and are committed together with the record that the event is done, so that every event has its effect
/// once, however often it is delivered. Return = done. Throw <see cref="RejectEventException"/> = dead letter now. Throw anything else = this event
/// alone is delivered again later (<see cref="ConsumerOptions.RetryDelays"/>), and becomes a dead letter after
/// <see cref="ConsumerOptions.MaxDeliveries"/>. Where Postgres or Redis failed, or an outbox is full, the batch is repeated and
/// nothing is counted against the event; only a server's fault that returns with each of four attempts is. A handler may run again for an
/// event whose transaction was rolled back: what it does outside the transaction happens again. Handlers are resolved from a scope made for each
/// batch.
/// </summary>
/// <typeparam name="T">The type of the event's data.</typeparam>
public interface IEventHandler<T>
{
    /// <summary>Handles one event.</summary>
    /// <param name="context">The event and the transaction it is handled in.</param>
    /// <param name="cancellationToken">Cancelled when the host will not wait any longer; what is not committed then is delivered again.</param>
    /// <returns>A task that ends when the event is handled.</returns>
    Task HandleAsync(EventContext<T> context, CancellationToken cancellationToken);
}
