namespace FanOut.EventBus;

/// <summary>
/// More events wait to be published than <see cref="OutboxOptions.MaxBacklog"/> allows: Redis or the relay has been away for long. Answer HTTP 503
/// with <c>Retry-After</c>.
/// </summary>
public sealed class OutboxFullException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="backlog">How many events wait.</param>
    /// <param name="retryAfter">After what time to try again.</param>
    public OutboxFullException(long backlog, TimeSpan retryAfter)
        : base(
            $"The outbox is full: about {backlog} events wait to be published. See why the relay does not publish (its health check says so), or "
            + $"raise {OutboxOptions.SectionName}:MaxBacklog.")
    {
        Backlog = backlog;
        RetryAfter = retryAfter;
    }

    /// <summary>About how many events wait to be published.</summary>
    public long Backlog { get; }

    /// <summary>After what time to try again.</summary>
    public TimeSpan RetryAfter { get; }
}
