namespace FanOut.Protocol.Tests.Model;

/// <summary>A stream as the database knows it, with the outbox ids of its earlier generations.</summary>
internal sealed record StreamRow(int Generation, int Outbox, IReadOnlyList<int> Earlier);

internal sealed record GroupRow(string Group, long DoneThrough);

internal sealed record Subscription(string Group, string Type);

internal sealed record OutboxRow(long Position, int Event, string Type);

internal sealed record InboxRow(string Group, long Position);

internal sealed record Effect(string Group, int Event);

/// <summary>A row of bus.retry. A stray has no position; its entry id is its key.</summary>
internal sealed record RetryRow(long Number, string Group, long? Position, EntryId? EntryId, int Event, string Type, long DueAt)
{
    public int Attempts { get; init; }

    public bool IsDead { get; init; }

    public int? Claim { get; init; }

    public long LeaseEnds { get; init; }
}

/// <summary>What an event is to the invariants; no actor of the bus reads this.</summary>
internal sealed record EventFacts(int Event, Behavior Behavior, IReadOnlyList<int> Causes)
{
    /// <summary>The group's subscription was committed before the event was added.</summary>
    public bool IsSubscribed { get; set; } = true;
}

/// <summary>What a handler does with an event.</summary>
internal enum Behavior
{
    Succeeds,
    FailsOnceUntouched,
    FailsOnceTouched,
    AlwaysFails,
    IsRejected,
    KillsProcess,
}
