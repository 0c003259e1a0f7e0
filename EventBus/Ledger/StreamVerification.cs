namespace FanOut.EventBus.Ledger;

/// <summary>What <see cref="StreamVerifier"/> saw.</summary>
public sealed record StreamVerification
{
    /// <summary>The stream.</summary>
    public required StreamName Stream { get; init; }

    /// <summary>Events in the outbox.</summary>
    public required long OutboxEvents { get; init; }

    /// <summary>Events of the outbox that wait to be published.</summary>
    public required long Unpublished { get; init; }

    /// <summary>Events published since the beginning, those that retention has removed from the outbox since included.</summary>
    public required long Published { get; init; }

    /// <summary>Published events that retention has removed from the outbox: every group was verified past them.</summary>
    public required long Removed { get; init; }

    /// <summary>Published events that the stream still has.</summary>
    public required long OnStream { get; init; }

    /// <summary>Entries between them that no relay wrote. Groups dead-letter what is not an event.</summary>
    public required long Foreign { get; init; }

    /// <summary>The books of each registered group.</summary>
    public required IReadOnlyList<GroupVerification> Groups { get; init; }

    /// <summary>What is wrong; at most <see cref="StreamVerifier.MostFindings"/> of it.</summary>
    public required IReadOnlyList<VerificationFinding> Findings { get; init; }

    /// <summary>How much is wrong in all.</summary>
    public required long FindingCount { get; init; }

    /// <summary>Whether every group is done with everything, and nothing waits to be published.</summary>
    public bool IsDrained => Unpublished == 0 && Groups.All(group => group.IsDrained);
}
