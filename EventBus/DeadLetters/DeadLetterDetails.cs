namespace FanOut.EventBus.DeadLetters;

/// <summary>All that is known of a dead letter.</summary>
public sealed record DeadLetterDetails : DeadLetterSummary
{
    /// <summary>The event's source; null where the entry is not an event.</summary>
    public required string? Source { get; init; }

    /// <summary>The entry's fields in their order.</summary>
    public required IReadOnlyList<DeadLetterField> Fields { get; init; }

    /// <summary>The event's data; null where the entry has none.</summary>
    public ReadOnlyMemory<byte>? Data => Fields.FirstOrDefault(candidate => candidate.Name == "data")?.Value;

    /// <summary>Every time the same entry became a dead letter of this group, oldest first, this time included; at most 100.</summary>
    public required IReadOnlyList<DeadLetterSummary> History { get; init; }
}
