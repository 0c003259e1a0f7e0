namespace FanOut.EventBus;

/// <summary>
/// Thrown by a handler to say that an event can never be handled: it is dead-lettered now, without further deliveries. The rest of its batch is not
/// affected.
/// </summary>
public sealed class RejectEventException : Exception
{
    /// <summary>Rejects the event.</summary>
    public RejectEventException()
        : this("The handler rejected the event.")
    {
    }

    /// <summary>Rejects the event.</summary>
    /// <param name="message">Why; kept with the dead letter.</param>
    public RejectEventException(string message)
        : base(message)
    {
    }

    /// <summary>Rejects the event.</summary>
    /// <param name="message">Why; kept with the dead letter.</param>
    /// <param name="innerException">What went wrong.</param>
    public RejectEventException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
