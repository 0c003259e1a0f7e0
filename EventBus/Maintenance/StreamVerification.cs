namespace FanOut.EventBus;

/// <summary>What <see cref="StreamVerifier"/> saw.</summary>
public sealed record StreamVerification
{
    /// <summary>The stream.</summary>
    public required StreamName Stream { get; init; }

    /// <summary>The highest position in the outbox; zero where it is empty.</summary>
    public required long HighestPosition { get; init; }

    /// <summary>The highest position that a relay has put on the stream; zero where none has.</summary>
    public required long Published { get; init; }

    /// <summary>Entries on the stream; after a recovery an event may be there twice.</summary>
    public required long OnStream { get; init; }

    /// <summary>The totals of each registered group, by name.</summary>
    public required IReadOnlyList<GroupVerification> Groups { get; init; }

    /// <summary>What is wrong; at most <see cref="StreamVerifier.MaxFindings"/> of it.</summary>
    public required IReadOnlyList<VerificationFinding> Findings { get; init; }

    /// <summary>How much is wrong in all.</summary>
    public required long FindingCount { get; init; }

    /// <summary>Whether every group is done with everything that is in the outbox.</summary>
    public bool IsDrained => Groups.All(group => group.IsDrained);
}

/// <summary>The totals of one consumer group: where the events are that it is due.</summary>
public sealed record GroupVerification
{
    /// <summary>The group.</summary>
    public required GroupName Group { get; init; }

    /// <summary>Events that are done since the group was registered: an effect is committed, or the group has not subscribed to their type.</summary>
    public required long Done { get; init; }

    /// <summary>Events of the outbox that are not published yet.</summary>
    public required long Unpublished { get; init; }

    /// <summary>Published events that were not delivered to the group yet.</summary>
    public required long Undelivered { get; init; }

    /// <summary>Events that were delivered and are not taken.</summary>
    public required long Pending { get; init; }

    /// <summary>Events that wait in the retry queue for their next attempt.</summary>
    public required long Waiting { get; init; }

    /// <summary>Dead letters about which nothing is decided.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>Dead letters that were discarded and are kept.</summary>
    public required long Discarded { get; init; }

    /// <summary>Published events that are none of all this. Where the stream has lost them, the reclaimer gets them from the outbox.</summary>
    public required long Missing { get; init; }

    /// <summary>Whether the group has done, or has a dead letter for, everything that was in the outbox when it was looked at.</summary>
    public bool IsDrained => Unpublished + Undelivered + Pending + Waiting + Missing == 0;
}

/// <summary>One thing that <see cref="StreamVerifier"/> found wrong.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Group">The consumer group.</param>
/// <param name="Position">The event's position; null where the finding is not about one event.</param>
/// <param name="EventId">The event; null where it is not known, or where the finding is not about one event.</param>
/// <param name="Subject">The event's subject; null with <paramref name="EventId"/>.</param>
/// <param name="Detail">What was seen, and what to do.</param>
public sealed record VerificationFinding(
    VerificationFindingKind Kind, GroupName Group, long? Position, Guid? EventId, string? Subject, string Detail);

/// <summary>What is wrong with an event.</summary>
public enum VerificationFindingKind
{
    /// <summary>It is published, the group has not taken it, and it is nowhere where the group would get it from.</summary>
    Missing,

    /// <summary>It waits in the retry queue though the group has not taken it: it could have its effect twice.</summary>
    Doubled,

    /// <summary>It is on its way and has not moved for long.</summary>
    Stuck,
}
