using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus;

/// <summary>
/// How events get from the outbox to the stream. Configuration section <see cref="SectionName"/>, then <c>EventBus:Streams:{stream}:Outbox</c>.
/// </summary>
public sealed class OutboxOptions : IValidatableObject
{
    /// <summary>The configuration section for all streams: <c>EventBus:Outbox</c>.</summary>
    public const string SectionName = "EventBus:Outbox";

    /// <summary>
    /// The number of unpublished events from which on <see cref="Outbox"/> takes no more and throws <see cref="OutboxFullException"/>. It is counted
    /// once a second. The outbox takes events again below nine tenths of it. At least 1, default 1,000,000.
    /// </summary>
    [Range(1, long.MaxValue, ErrorMessage = "EventBus:Outbox:MaxBacklog must be at least 1 event.")]
    public long MaxBacklog { get; set; } = 1_000_000;

    /// <summary>When the outbox is full, after what time a client may try again. 1 second to 1 hour, default 5 seconds.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The most events the relay reads at once. 1 to 20,000, default 2,000.</summary>
    [Range(1, 20_000, ErrorMessage = "EventBus:Outbox:BatchSize must be 1 to 20000 events.")]
    public int BatchSize { get; set; } = 2_000;

    /// <summary>
    /// About how many bytes the relay reads at once; a single larger event is read whole. 1,024 to 268,435,456, default 4,194,304.
    /// </summary>
    [Range(1_024, 268_435_456, ErrorMessage = "EventBus:Outbox:BatchBytes must be 1024 to 268435456 bytes.")]
    public int BatchBytes { get; set; } = 4 << 20;

    /// <summary>
    /// The least time between two reads of the outbox that find few events; the first after a pause is made at once. Longer costs Postgres and Redis
    /// less, and delays events that follow each other closely. 0 to 1 second, default 1 millisecond.
    /// </summary>
    public TimeSpan BatchInterval { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// The number of entries above which the oldest ones are trimmed, even if a group has not read them yet: that group gets their events from the
    /// outbox, more slowly. Redis trims whole nodes, so that the stream may be some hundred entries longer. 0 for no limit, default 5,000,000.
    /// </summary>
    [Range(0, long.MaxValue, ErrorMessage = "EventBus:Outbox:MaxStreamLength must be 0 (no limit) or more entries.")]
    public long MaxStreamLength { get; set; } = 5_000_000;

    /// <summary>
    /// How often the relay looks for events for which nobody called <see cref="Outbox.NotifyCommitted"/>. 10 milliseconds to 5 seconds, default 500
    /// milliseconds.
    /// </summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The least time between two messages in which this process tells the leader in another one that there are events. 1 millisecond to 1 second,
    /// default 2 milliseconds.
    /// </summary>
    public TimeSpan NotifyInterval { get; set; } = TimeSpan.FromMilliseconds(2);

    /// <summary>
    /// How long the leading relay may show no sign of progress until another replica's takes over. At least twice <see cref="PollInterval"/>: an idle
    /// leader shows one with each poll. 100 milliseconds to 1 minute, default 5 seconds.
    /// </summary>
    public TimeSpan LeaseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The longest wait between two attempts while Redis or Postgres refuses or is away; the first is 50 milliseconds, and each is varied at random.
    /// 50 milliseconds to 1 minute, default 2 seconds.
    /// </summary>
    public TimeSpan MaxBackoff { get; set; } = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, value, min, max) in new[]
        {
            (nameof(RetryAfter), RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            (nameof(BatchInterval), BatchInterval, TimeSpan.Zero, TimeSpan.FromSeconds(1)),
            (nameof(PollInterval), PollInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(5)),
            (nameof(NotifyInterval), NotifyInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1)),
            (nameof(LeaseTimeout), LeaseTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)),
            (nameof(MaxBackoff), MaxBackoff, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1)),
        })
        {
            if (value < min || value > max)
            {
                yield return new($"{SectionName}:{name} is {value}, but must be {min} to {max}.", [name]);
            }
        }

        if (LeaseTimeout < 2 * PollInterval)
        {
            yield return new(
                $"{SectionName}:{nameof(LeaseTimeout)} is {LeaseTimeout}, but must be at least twice {nameof(PollInterval)}, {PollInterval}.",
                [nameof(LeaseTimeout)]);
        }
    }
}
