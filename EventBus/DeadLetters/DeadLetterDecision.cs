namespace FanOut.EventBus.DeadLetters;

/// <summary>What came of a redrive or discard of one dead letter.</summary>
/// <param name="IsChanged">False where it was refused, because it had been decided about before.</param>
/// <param name="State">What is decided now.</param>
/// <param name="DecidedBy">Who decided it.</param>
/// <param name="DecidedAt">When, UTC.</param>
public sealed record DeadLetterDecision(bool IsChanged, DeadLetterState State, string? DecidedBy, DateTimeOffset? DecidedAt);
