using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus;

/// <summary>
/// How often a reclaimer looks after a stream, and how long what is done is kept. Configuration sections <see cref="SectionName"/> and, for one
/// stream, <c>EventBus:Streams:{stream}:Reclaimer</c>, which wins. When an entry is due for reclaiming is a setting of its group.
/// </summary>
public sealed class ReclaimerOptions
{
    /// <summary>The configuration section: <c>EventBus:Reclaimer</c>.</summary>
    public const string SectionName = "EventBus:Reclaimer";

    private const string Interval = SectionName + ":{0} must be from {1} to {2}.";

    /// <summary>
    /// How often groups are looked for that were registered or unregistered meanwhile. 50 milliseconds to 1 minute, default 5 seconds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00", ErrorMessage = Interval)]
    public TimeSpan GroupInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often each group's idle entries are moved to the retry queue. 50 milliseconds to 1 minute, default 1 second.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00", ErrorMessage = Interval)]
    public TimeSpan ReclaimInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often consumers of dead workers are removed, and entries touched that a step of Redis' clock keeps from becoming idle.
    /// 50 milliseconds to 1 minute, default 10 seconds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00", ErrorMessage = Interval)]
    public TimeSpan ConsumerInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How often each group's progress is recorded, and compared with what its stream still has. 50 milliseconds to 1 minute, default 2 seconds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00", ErrorMessage = Interval)]
    public TimeSpan ReconcileInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often the stream is trimmed. 50 milliseconds to 10 minutes, default 1 second.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:10:00", ErrorMessage = Interval)]
    public TimeSpan TrimInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often partitions of the outbox are added ahead of need, and those no longer needed dropped. 50 milliseconds to 1 minute, default 10
    /// seconds.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00", ErrorMessage = Interval)]
    public TimeSpan PartitionInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Events stay in the outbox for at least so long, also when every group is done with them: a group that starts with the earliest event gets what
    /// is there. A group that is registered and does not run keeps everything from where it stopped. Zero to 3,650 days, default 24 hours.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00", ErrorMessage = Interval)]
    public TimeSpan KeepOutboxFor { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Dead letters, discarded ones too, stay for so long. 1 hour to 3,650 days, default 90 days.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00", ErrorMessage = Interval)]
    public TimeSpan KeepDeadLettersFor { get; set; } = TimeSpan.FromDays(90);
}
