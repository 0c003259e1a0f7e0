using System.ComponentModel.DataAnnotations;
using FanOut.EventBus.Groups;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// How a worker consumes for one group. Read from the configuration section <see cref="SectionName"/>, then from <c>EventBus:Consumer:{group}</c>.
/// </summary>
public sealed class ConsumerOptions : IValidatableObject
{
    /// <summary>The configuration section: <c>EventBus:Consumer</c>.</summary>
    public const string SectionName = "EventBus:Consumer";

    /// <summary>Where the group begins when it is registered for the first time. Default <see cref="GroupStart.History"/>.</summary>
    public GroupStart Start { get; set; } = GroupStart.History;

    /// <summary>How many lanes this worker runs: serial loops that read, handle and commit side by side, each with a Redis connection of its own and a Postgres connection while it commits. With two or more, a lane whose events all fail alike can tell by the others whether the events are at fault. 1 to 64, default 4.</summary>
    [Range(1, 64, ErrorMessage = "EventBus:Consumer:Lanes must be 1 to 64.")]
    public int Lanes { get; set; } = 4;

    /// <summary>The most entries a lane reads and commits at once. 1 to 5,000, default 500.</summary>
    [Range(1, 5_000, ErrorMessage = "EventBus:Consumer:BatchSize must be 1 to 5000 entries.")]
    public int BatchSize { get; set; } = 500;

    /// <summary>The most replicas of this worker that will run. It only sets the least <see cref="PauseAbove"/> that makes sense. Default 2.</summary>
    [Range(1, 1_000, ErrorMessage = "EventBus:Consumer:Replicas must be 1 to 1000.")]
    public int Replicas { get; set; } = 2;

    /// <summary>
    /// New reads pause while the group has more entries than this pending, parked ones not counted, and resume below half of it. More than 2 x replicas x lanes x batch size, or the group could
    /// pause on work that is merely in progress. Default 50,000 entries.
    /// </summary>
    public long PauseAbove { get; set; } = 50_000;

    /// <summary>
    /// How often an event is delivered before it is dead-lettered. 2 to 100, default 3. One would not do: Redis counts the delivery when it sends the entry, so a worker that crashes before it handled anything would leave nothing
    /// but dead letters.
    /// </summary>
    [Range(2, 100, ErrorMessage = "EventBus:Consumer:MaxDeliveries must be 2 to 100.")]
    public int MaxDeliveries { get; set; } = 3;

    /// <summary>How long an event waits after its first failed delivery; four times as long after each further one, at most <see cref="ReclaimAfter"/>. Default 5 seconds.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an entry may be pending without a sign of life from its lane before it is given to another. Default 60 seconds.</summary>
    public TimeSpan ReclaimAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a lane shows that it is alive and renews what it holds. Default 5 seconds.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A lane whose last heartbeat is older than this gets no work handed over. Default 15 seconds.</summary>
    public TimeSpan LaneTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>A lane that has made no step for this long stops its heartbeat, so that its work is reclaimed: the longest that one batch may take. Default 10 minutes.</summary>
    public TimeSpan StallAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The least time between two reads of a lane while its reads bring more than one event, but fewer than a tenth of <see cref="BatchSize"/>; after a single event it reads again at once. Longer costs less of Postgres and Redis, and
    /// delays events that follow each other closely. 0 to 1 second, default 4 milliseconds.
    /// </summary>
    public TimeSpan BatchInterval { get; set; } = TimeSpan.FromMilliseconds(4);

    /// <summary>How long a read waits for a new entry before the lane looks for handed-over work. At most 1 second, the default.</summary>
    public TimeSpan BlockFor { get; set; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var busy = 2L * Replicas * Lanes * BatchSize;
        if (PauseAbove <= busy)
        {
            yield return new($"{SectionName}:PauseAbove is {PauseAbove}, but must be more than 2 x Replicas x Lanes x BatchSize = {busy}: raise it, or lower one of the others.", [nameof(PauseAbove)]);
        }

        foreach (var (name, value, least, most) in new[]
        {
            (nameof(BatchInterval), BatchInterval, TimeSpan.Zero, TimeSpan.FromSeconds(1)),
            (nameof(BlockFor), BlockFor, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1)),
            (nameof(ReclaimAfter), ReclaimAfter, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            (nameof(RetryDelay), RetryDelay, TimeSpan.FromMilliseconds(1), ReclaimAfter),
            (nameof(Heartbeat), Heartbeat, TimeSpan.FromMilliseconds(50), LaneTimeout / 2),
            (nameof(LaneTimeout), LaneTimeout, TimeSpan.FromMilliseconds(100), ReclaimAfter),
            (nameof(StallAfter), StallAfter, ReclaimAfter, TimeSpan.FromDays(1)),
        })
        {
            if (value < least || value > most)
            {
                yield return new($"{SectionName}:{name} is {value}, but must be {least} to {most}.", [name]);
            }
        }
    }
}
