namespace FanOut.EventBus.Groups;

/// <summary>A consumer group as the database knows it.</summary>
internal sealed record RegisteredGroup
{
    public required int Id { get; init; }

    public required StreamIdentity Stream { get; init; }

    public required GroupName Name { get; init; }

    /// <summary>Deliveries before an event is dead-lettered, the first included.</summary>
    public required int MaxDeliveries { get; init; }

    /// <summary>How long an entry may be pending before the reclaimer takes it.</summary>
    public required TimeSpan ReclaimAfter { get; init; }

    /// <summary>Every event at or below was taken when the group was read.</summary>
    public required long DoneThrough { get; init; }
}
