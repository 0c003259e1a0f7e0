using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus.Publishing;

/// <summary>How events get from the outbox to the stream. Configuration section <see cref="SectionName"/>.</summary>
public sealed class OutboxOptions : IValidatableObject
{
    /// <summary>The configuration section: <c>EventBus:Outbox</c>.</summary>
    public const string SectionName = "EventBus:Outbox";

    /// <summary>From how many unpublished events on <see cref="Outbox"/> takes no more and throws <see cref="OutboxFullException"/>; about, for it is counted once a second. It takes more again below nine tenths. At least 1, default 1,000,000.</summary>
    [Range(1, long.MaxValue, ErrorMessage = "EventBus:Outbox:MaxBacklog must be at least 1 event.")]
    public long MaxBacklog { get; set; } = 1_000_000;

    /// <summary>When it is full, after what time a client may try again. 1 second to 1 hour, default 5 seconds.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The most events the relay reads and appends at once. 1 to 20,000, default 2,000.</summary>
    [Range(1, 20_000, ErrorMessage = "EventBus:Outbox:BatchSize must be 1 to 20000 events.")]
    public int BatchSize { get; set; } = 2_000;

    /// <summary>About how many bytes of data the relay reads at once; a single larger event is read whole. 1,024 to 268,435,456, default 4,194,304.</summary>
    [Range(1_024, 268_435_456, ErrorMessage = "EventBus:Outbox:BatchBytes must be 1024 to 268435456 bytes.")]
    public long BatchBytes { get; set; } = 4 << 20;

    /// <summary>
    /// How often at most the relay publishes while fewer than 128 events come in that time; the first after a pause is published at once. Longer costs less of Postgres and Redis, and delays events that follow each other closely.
    /// 0 to 1 second, default 4 milliseconds.
    /// </summary>
    public TimeSpan BatchInterval { get; set; } = TimeSpan.FromMilliseconds(4);

    /// <summary>The relay waits while the stream has this many entries or more; 0 for no limit, the default.</summary>
    [Range(0, long.MaxValue, ErrorMessage = "EventBus:Outbox:MaxStreamLength must be 0 (no limit) or more entries.")]
    public long MaxStreamLength { get; set; }

    /// <summary>How often the relay looks for events that nobody called <see cref="Outbox.NotifyCommitted"/> for. 10 milliseconds to 5 seconds, default 500 milliseconds.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often at most this process tells the leader in another one that there are events. 1 millisecond to 1 second, default 2 milliseconds.</summary>
    public TimeSpan NotifyInterval { get; set; } = TimeSpan.FromMilliseconds(2);

    /// <summary>How often a replica that stands by tries to become the leader. 10 milliseconds to 5 seconds, default 1 second.</summary>
    public TimeSpan StandbyInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often the idle leader checks that Redis has not lost what was published. 10 milliseconds to 1 minute, default 2 seconds.</summary>
    public TimeSpan CheckInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest wait between two attempts while Redis or Postgres refuses or is away; the first is 50 milliseconds, and each is varied by chance. 50 milliseconds to 1 minute, default 2 seconds.</summary>
    public TimeSpan MaxBackoff { get; set; } = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, value, least, most) in new[]
        {
            (nameof(RetryAfter), RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            (nameof(BatchInterval), BatchInterval, TimeSpan.Zero, TimeSpan.FromSeconds(1)),
            (nameof(PollInterval), PollInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(5)),
            (nameof(NotifyInterval), NotifyInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1)),
            (nameof(StandbyInterval), StandbyInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(5)),
            (nameof(CheckInterval), CheckInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)),
            (nameof(MaxBackoff), MaxBackoff, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1)),
        })
        {
            if (value < least || value > most)
            {
                yield return new($"{SectionName}:{name} is {value}, but must be {least} to {most}.", [name]);
            }
        }
    }
}
