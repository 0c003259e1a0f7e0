using FanOut.EventBus.Wire;

namespace FanOut.EventBus.Consuming;

/// <summary>A handler that wants one type of event.</summary>
internal abstract class Subscription(EventType type)
{
    public EventType Type { get; } = type;

    /// <param name="services">The batch's scope.</param>
    /// <param name="deliveries">At least one event of this type, in the order of the stream.</param>
    /// <param name="transaction">What their effects are committed in.</param>
    /// <param name="traces">The process spans.</param>
    /// <param name="cancellationToken">Cancelled when the host will not wait any longer.</param>
    public abstract Task InvokeAsync(IServiceProvider services, IReadOnlyList<Delivery> deliveries, BatchTransaction transaction, BatchTrace traces, CancellationToken cancellationToken);
}
