namespace FanOut.EventBus;

/// <summary>How far back a history goes, and in which steps.</summary>
public sealed record HistoryRange
{
    private HistoryRange(TimeSpan length, TimeSpan step) => (Length, Step) = (length, step);

    /// <summary>The last 15 minutes, in steps of 10 seconds.</summary>
    public static HistoryRange QuarterHour { get; } = new(TimeSpan.FromMinutes(15), TimeSpan.FromSeconds(10));

    /// <summary>The last hour, in steps of 30 seconds.</summary>
    public static HistoryRange Hour { get; } = new(TimeSpan.FromHours(1), TimeSpan.FromSeconds(30));

    /// <summary>The last day, in steps of 10 minutes.</summary>
    public static HistoryRange Day { get; } = new(TimeSpan.FromDays(1), TimeSpan.FromMinutes(10));

    /// <summary>How far back.</summary>
    public TimeSpan Length { get; }

    /// <summary>The time of one point.</summary>
    public TimeSpan Step { get; }
}

/// <summary>How a stream and its groups stood over a time: a point for each step that has a sample, oldest first.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Groups">Its registered groups, by name.</param>
public sealed record SampleSeries(IReadOnlyList<StreamSeriesPoint> Stream, IReadOnlyList<GroupSeries> Groups);

/// <summary>A step of a stream.</summary>
/// <param name="At">When it began.</param>
/// <param name="Rate">Events published a second; null where the step before has no sample.</param>
/// <param name="Backlog">The highest number of positions that are not on the stream yet.</param>
/// <param name="Length">The highest number of entries on the stream.</param>
public sealed record StreamSeriesPoint(DateTimeOffset At, double? Rate, long Backlog, long Length);

/// <summary>The steps of a group.</summary>
/// <param name="Group">The group.</param>
/// <param name="Points">Its points.</param>
public sealed record GroupSeries(GroupName Group, IReadOnlyList<GroupSeriesPoint> Points);

/// <summary>A step of a group: the highest of what <see cref="GroupSample"/> measures, and what its workers finished.</summary>
/// <param name="At">When it began.</param>
/// <param name="Lag">Events still to do.</param>
/// <param name="LagDuration">The age of the oldest one that was not taken.</param>
/// <param name="Pending">Entries delivered and not acknowledged.</param>
/// <param name="Waiting">Events that wait for their next attempt.</param>
/// <param name="DeadLetters">Dead letters about which nothing is decided.</param>
/// <param name="Rate">Events finished a second; null where none was.</param>
/// <param name="P50">The median time from an event to its effect, at most 10 percent off; null where there was none.</param>
/// <param name="P99">The time that 99 percent stayed below, likewise.</param>
public sealed record GroupSeriesPoint(
    DateTimeOffset At,
    long Lag,
    TimeSpan LagDuration,
    long Pending,
    long Waiting,
    long DeadLetters,
    double? Rate,
    TimeSpan? P50,
    TimeSpan? P99);
