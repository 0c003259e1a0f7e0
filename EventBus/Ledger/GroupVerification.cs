namespace FanOut.EventBus.Ledger;

/// <summary>The books of one consumer group: where the events are that it is due.</summary>
public sealed record GroupVerification
{
    /// <summary>The group.</summary>
    public required GroupName Group { get; init; }

    /// <summary>Events whose effect is committed, since the group was registered.</summary>
    public required long Done { get; init; }

    /// <summary>Published events that the group was not delivered yet.</summary>
    public required long Undelivered { get; init; }

    /// <summary>Events with a lane, delivered and not finished.</summary>
    public required long Pending { get; init; }

    /// <summary>Events that failed and wait for their next attempt.</summary>
    public required long Parked { get; init; }

    /// <summary>Events on their way to the group a second time: redriven dead letters, and what the ledger delivers again.</summary>
    public required long Redriven { get; init; }

    /// <summary>Dead letters that nobody has decided about.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>Dead letters that were discarded.</summary>
    public required long Discarded { get; init; }

    /// <summary>Published events that are none of all this.</summary>
    public required long Missing { get; init; }

    /// <summary>Whether the group has done, or somebody has decided about, everything that was published when it was looked at.</summary>
    public bool IsDrained => Undelivered + Pending + Parked + Redriven + Missing == 0;
}
