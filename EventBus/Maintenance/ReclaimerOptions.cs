using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus;

/// <summary>
/// How often a reclaimer looks after a stream, how long what is done is kept, and from when on its health check warns. Configuration sections
/// <see cref="SectionName"/> and, for one stream, <c>EventBus:Streams:{stream}:Reclaimer</c>, which wins. When an entry is due for reclaiming is a
/// setting of its group.
/// </summary>
public sealed class ReclaimerOptions
{
    /// <summary>The configuration section: <c>EventBus:Reclaimer</c>.</summary>
    public const string SectionName = "EventBus:Reclaimer";

    private const string Limits = SectionName + ":{0} must be from {1} to {2}.";

    /// <summary>
    /// How often idle entries are moved to the retry queues, dead letters mirrored, and the stream trimmed. Half as often, each group's progress is
    /// recorded and compared with the stream, and a sample is taken. A fifth as often, groups are looked for that were registered or unregistered.
    /// A tenth as often, consumers of dead workers and old dead letters are removed, partitions of the outbox are added and dropped, and the Kafka
    /// trigger is evaluated. 10 milliseconds to 1 minute, default 1 second.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00", ErrorMessage = Limits)]
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Events stay in the outbox for at least so long, also when every group is done with them: a group that starts with the earliest event gets what
    /// is there. A group that is registered and does not run keeps everything from where it stopped. Zero to 3,650 days, default 24 hours.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00", ErrorMessage = Limits)]
    public TimeSpan KeepOutboxFor { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Dead letters, discarded ones too, stay for so long. 1 hour to 3,650 days, default 90 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00", ErrorMessage = Limits)]
    public TimeSpan KeepDeadLettersFor { get; set; } = TimeSpan.FromDays(90);

    /// <summary>
    /// The number of entries above which the stream is trimmed past the slowest group, for <see cref="StreamSample.LengthLeft"/>.
    /// Read from the section <c>EventBus:Outbox</c>, where the relay has it from. 0 for no limit, default 5,000,000.
    /// </summary>
    [Range(0, long.MaxValue, ErrorMessage = "EventBus:Outbox:MaxStreamLength must be 0 (no limit) or more entries.")]
    public long MaxStreamLength { get; set; } = 5_000_000;

    /// <summary>
    /// A group that has not taken an event of this age makes the health check say Degraded. 1 second to 30 days, default 1 minute.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00", ErrorMessage = Limits)]
    public TimeSpan LagWarning { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// When Redis' memory will be used up, or the stream will reach its greatest length, within this time, the health check says Degraded. 1 minute
    /// to 30 days, default 1 hour.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00", ErrorMessage = Limits)]
    public TimeSpan CapacityWarning { get; set; } = TimeSpan.FromHours(1);

    internal TimeSpan ReconcileInterval => 2 * Interval;

    internal TimeSpan SampleInterval => 2 * Interval;

    internal TimeSpan GroupInterval => 5 * Interval;

    internal TimeSpan UpkeepInterval => 10 * Interval;
}
