namespace FanOut.EventBus.DeadLetters;

/// <summary>One time that an event could not be handled by one group.</summary>
public record DeadLetterSummary
{
    /// <summary>Its number; later dead letters have higher ones.</summary>
    public required long Number { get; init; }

    /// <summary>The group.</summary>
    public required GroupName Group { get; init; }

    /// <summary>The entry's id on the stream.</summary>
    public required EntryId Entry { get; init; }

    /// <summary>The event's id; null where the entry is not an event.</summary>
    public required Guid? EventId { get; init; }

    /// <summary>The event's type; null where the entry is not an event.</summary>
    public required string? Type { get; init; }

    /// <summary>The event's subject; null where the entry is not an event.</summary>
    public required string? Subject { get; init; }

    /// <summary>When the event happened, UTC; null where the entry is not an event.</summary>
    public required DateTimeOffset? Time { get; init; }

    /// <summary>The consumer that had it last.</summary>
    public required string Consumer { get; init; }

    /// <summary>How often it was delivered.</summary>
    public required int Deliveries { get; init; }

    /// <summary>Why it could not be handled.</summary>
    public required string Error { get; init; }

    /// <summary>When it became a dead letter, UTC.</summary>
    public required DateTimeOffset DeadLetteredAt { get; init; }

    /// <summary>What has been decided about it.</summary>
    public required DeadLetterState State { get; init; }

    /// <summary>When that was decided, UTC; null where nothing is.</summary>
    public required DateTimeOffset? DecidedAt { get; init; }

    /// <summary>Who decided it; null where nothing is.</summary>
    public required string? DecidedBy { get; init; }

    /// <summary>When a redriven one was seen to be handled, or dead-lettered again, UTC; null before that.</summary>
    public required DateTimeOffset? SettledAt { get; init; }
}
