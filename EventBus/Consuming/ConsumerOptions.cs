using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus;

/// <summary>
/// How a worker consumes for one group. Read from the configuration section <see cref="SectionName"/>, then from
/// <c>EventBus:Streams:{stream}:Groups:{group}</c>.
/// </summary>
public sealed class ConsumerOptions : IValidatableObject
{
    /// <summary>The configuration section: <c>EventBus:Consumer</c>.</summary>
    public const string SectionName = "EventBus:Consumer";

    internal static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan[] DefaultDelays = [TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)];

    /// <summary>Where the group begins when it is registered for the first time. Default <see cref="GroupStart.Earliest"/>.</summary>
    public GroupStart Start { get; set; } = GroupStart.Earliest;

    /// <summary>
    /// How many lanes this worker runs: serial loops that read, handle and commit side by side, each with a Redis connection of its own and a
    /// Postgres connection while it commits. 1 to 64, default 4.
    /// </summary>
    [Range(1, 64, ErrorMessage = "EventBus:Consumer:Lanes must be 1 to 64.")]
    public int Lanes { get; set; } = 4;

    /// <summary>
    /// The most entries a lane reads and commits at once. It begins with 16, and asks for fewer where entries are large or handlers slow. 1 to 5,000,
    /// default 500.
    /// </summary>
    [Range(1, 5_000, ErrorMessage = "EventBus:Consumer:BatchSize must be 1 to 5000 entries.")]
    public int BatchSize { get; set; } = 500;

    /// <summary>
    /// New reads pause while the group has more entries than this pending, and resume below half of it. More than 2 x lanes x batch size. Default
    /// 50,000 entries.
    /// </summary>
    public long PauseAbove { get; set; } = 50_000;

    /// <summary>
    /// How often an event is delivered before it is a dead letter, the first delivery included. 1 to 100, default 4: the first and one after each of
    /// the default
    /// <see cref="RetryDelays"/>.
    /// </summary>
    [Range(1, 100, ErrorMessage = "EventBus:Consumer:MaxDeliveries must be 1 to 100.")]
    public int MaxDeliveries { get; set; } = 4;

    /// <summary>
    /// How long an event waits after its first failed delivery, after its second, and so on; the last is used for all further ones. Each 0 to 1 day.
    /// Default 10 seconds, 1 minute, 5 minutes.
    /// </summary>
    public IList<TimeSpan> RetryDelays { get; set; } = [];

    /// <summary>
    /// How many events of the retry queue are handled in one transaction; fewer where handlers are slow, and one alone after a failure. 1 to 1,000,
    /// default 50.
    /// </summary>
    [Range(1, 1_000, ErrorMessage = "EventBus:Consumer:RetryBatchSize must be 1 to 1000 events.")]
    public int RetryBatchSize { get; set; } = 50;

    /// <summary>How often the retry queue is looked at while nothing in it is due. 10 milliseconds to 1 minute, default 1 second.</summary>
    public TimeSpan RetryPollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long an entry may be pending before the reclaimer takes it from its lane, and how long a worker keeps events of the retry queue. 1 second
    /// to 1 day, default 60 seconds.
    /// </summary>
    public TimeSpan ReclaimAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The longest that a handler may work between two statements of its transaction; then Postgres ends the transaction, so that a worker that hangs
    /// holds no locks. 1 second to 1 day, default 60 seconds.
    /// </summary>
    public TimeSpan HandlerTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a read waits for a new entry. 1 millisecond to 1 second, the default.</summary>
    public TimeSpan BlockFor { get; set; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PauseAbove <= 2L * Lanes * BatchSize)
        {
            yield return new(
                $"{SectionName}:PauseAbove is {PauseAbove}, but must be more than 2 x Lanes x BatchSize = {2L * Lanes * BatchSize}: "
                + "raise it, or lower one of the others.",
                [nameof(PauseAbove)]);
        }

        var delays = RetryDelays.Select((delay, i) => ($"{nameof(RetryDelays)}:{i}", delay, TimeSpan.Zero, TimeSpan.FromDays(1)));
        foreach (var (name, value, min, max) in delays.Concat(
        [
            (nameof(RetryPollInterval), RetryPollInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)),
            (nameof(ReclaimAfter), ReclaimAfter, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            (nameof(HandlerTimeout), HandlerTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            (nameof(BlockFor), BlockFor, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1)),
        ]))
        {
            if (value < min || value > max)
            {
                yield return new($"{SectionName}:{name} is {value}, but must be {min} to {max}.", [name]);
            }
        }
    }

    /// <summary>How long an event waits after so many failed deliveries.</summary>
    internal TimeSpan DelayAfter(int deliveries)
    {
        // Binding adds to a list, so that the default cannot be in it.
        var delays = RetryDelays.Count > 0 ? RetryDelays : DefaultDelays;
        return delays[Math.Clamp(deliveries - 1, 0, delays.Count - 1)];
    }
}
