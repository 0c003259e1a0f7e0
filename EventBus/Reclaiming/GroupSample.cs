namespace FanOut.EventBus.Reclaiming;

/// <summary>How a consumer group stood at one moment. Metrics, health and everything else that speaks of a group's lag use this one record.</summary>
public sealed record GroupSample
{
    /// <summary>The stream.</summary>
    public required StreamName Stream { get; init; }

    /// <summary>The group.</summary>
    public required GroupName Group { get; init; }

    /// <summary>False while Redis lacks the group; it is created again at <see cref="Checkpoint"/>.</summary>
    public required bool Exists { get; init; }

    /// <summary>
    /// Events that are on the stream and were not delivered to the group yet, and redriven ones that wait. For a stream with an outbox this is counted from what the outbox published, because the lag of
    /// XINFO GROUPS is null or wrong after a restart, XDEL or XTRIM (<see href="https://redis.io/docs/latest/commands/xinfo-groups/"/>).
    /// </summary>
    public required long Lag { get; init; }

    /// <summary>Whether there may be more than <see cref="Lag"/>: the stream has no outbox, the server does not know, and counting ended there.</summary>
    public required bool LagIsLowerBound { get; init; }

    /// <summary>How long ago the first undelivered event was published, by the clock of Redis; zero where there is none.</summary>
    public required TimeSpan LagDuration { get; init; }

    /// <summary>Entries delivered and not finished, parked ones not counted.</summary>
    public required long Pending { get; init; }

    /// <summary>Failed entries that wait for their next attempt.</summary>
    public required long Parked { get; init; }

    /// <summary>Lanes that gave a sign of life lately.</summary>
    public required int LiveLanes { get; init; }

    /// <summary>Dead letters that nobody has decided about.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>Everything at or below is done, dead-lettered or before the group's start.</summary>
    public required EntryId Checkpoint { get; init; }

    /// <summary>The id of the last entry delivered, as Redis writes it; null where the group is missing.</summary>
    public required string? LastDelivered { get; init; }

    /// <summary>The consumers that have something pending.</summary>
    public required IReadOnlyList<ConsumerSample> Consumers { get; init; }

    /// <summary>How long the longest-waiting pending entry has been without a sign of life, as far as each consumer's lowest entry tells; zero where nothing is pending.</summary>
    public TimeSpan OldestIdle => Consumers.Count == 0 ? TimeSpan.Zero : Consumers.Max(consumer => consumer.Idle);
}
