namespace FanOut.EventBus;

/// <summary>How a stream and its groups stood at one moment.</summary>
public sealed record StreamSample
{
    /// <summary>The stream.</summary>
    public required StreamName Stream { get; init; }

    /// <summary>When the sample was taken, by this process' clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The highest position in the outbox; zero where it is empty.</summary>
    public required long HighestPosition { get; init; }

    /// <summary>The highest position on the stream, as the relay has recorded it in Postgres about a second ago.</summary>
    public required long Published { get; init; }

    /// <summary>Events published a second since the sample before; null for the first one.</summary>
    public required double? PublishedRate { get; init; }

    /// <summary>Entries on the stream.</summary>
    public required long Length { get; init; }

    /// <summary>Bytes of memory that the stream with its groups uses, as Redis estimates it; null where Redis does not tell.</summary>
    public required long? Memory { get; init; }

    /// <summary>Bytes of memory that Redis uses in all.</summary>
    public required long MemoryUsed { get; init; }

    /// <summary>Bytes of memory that Redis may use (<c>maxmemory</c>); null without a limit.</summary>
    public required long? MemoryLimit { get; init; }

    /// <summary>
    /// In what time the memory is used up, should it go on growing as in the last ten minutes; null without a limit, before a
    /// minute has been seen, and where it is not within a year.
    /// </summary>
    public required TimeSpan? MemoryLeft { get; init; }

    /// <summary>
    /// In what time the stream reaches its greatest length likewise: from then on it is trimmed past the slowest group, which
    /// gets from the outbox what it misses; null without a limit.
    /// </summary>
    public required TimeSpan? LengthLeft { get; init; }

    /// <summary>
    /// How much of one core Redis' main thread used in the last minute, 0 to 1, for whatever it served; null before the second sample, and where
    /// Redis does not tell.
    /// </summary>
    public required double? RedisBusy { get; init; }

    /// <summary>The events that all groups finished a second, in the last minute; null where none was.</summary>
    public double? DeliveryRate => Groups.Any(group => group.Rate is not null) ? Groups.Sum(group => group.Rate ?? 0) : null;

    /// <summary>
    /// What <see cref="DeliveryRate"/> would be if this Redis were fully busy; null below a share of 5 percent, which says too little.
    /// </summary>
    public double? MaxDeliveryRate => RedisBusy is >= 0.05 and var busy ? DeliveryRate / busy : null;

    /// <summary>The registered groups, by name.</summary>
    public required IReadOnlyList<GroupSample> Groups { get; init; }
}

/// <summary>How a consumer group stood at one moment. Metrics, health and everything else that speaks of a group's lag use this one record.</summary>
public sealed record GroupSample
{
    /// <summary>The group.</summary>
    public required GroupName Group { get; init; }

    /// <summary>False while Redis lacks the group; the reclaimer creates it again.</summary>
    public required bool Exists { get; init; }

    /// <summary>
    /// Events that the group has still to do: positions of the outbox that it has not taken, and events that wait for their next attempt. A position
    /// whose transaction was rolled back counts until the group is past it.
    /// </summary>
    public required long Lag { get; init; }

    /// <summary>The age of the oldest event that the group has not taken; zero where there is none.</summary>
    public required TimeSpan LagDuration { get; init; }

    /// <summary>Entries delivered and not acknowledged.</summary>
    public required long Pending { get; init; }

    /// <summary>Events that wait in the retry queue for their next attempt.</summary>
    public required long Waiting { get; init; }

    /// <summary>Lanes that gave a sign of life lately.</summary>
    public required int LiveLanes { get; init; }

    /// <summary>Processes that run the group and have said so within 15 seconds. Lanes of an idle stream may give no sign of life to Redis.</summary>
    public required int LiveWorkers { get; init; }

    /// <summary>Why the workers do not work; null where one does, and where none is alive.</summary>
    public required string? WaitReason { get; init; }

    /// <summary>Dead letters about which nothing is decided.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>Every event at or below this position is taken: it is done, in the retry queue, or from before the group's start.</summary>
    public required long DoneThrough { get; init; }

    /// <summary>The id of the last entry delivered, as Redis writes it; null where the group is missing.</summary>
    public required string? LastDelivered { get; init; }

    /// <summary>Events that its workers finished a second, in the last minute; null where none was.</summary>
    public required double? Rate { get; init; }

    /// <summary>
    /// The median time from an event to its effect, of those that had it in the last minute, retried ones included; at most 10 percent off. Null
    /// where there was none.
    /// </summary>
    public required TimeSpan? P50 { get; init; }

    /// <summary>The time that 99 percent stayed below, likewise.</summary>
    public required TimeSpan? P99 { get; init; }

    /// <summary>Since when and by whom the group is paused; null where it is not.</summary>
    public required GroupPause? Pause { get; init; }

    /// <summary>The group's consumers.</summary>
    public required IReadOnlyList<ConsumerSample> Consumers { get; init; }
}

/// <summary>A consumer of a group.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pending">Entries pending with it.</param>
/// <param name="Idle">How long ago it gave its last sign of life.</param>
/// <param name="IsLive">Whether it is a lane, and that was lately.</param>
public sealed record ConsumerSample(string Name, long Pending, TimeSpan Idle, bool IsLive);
