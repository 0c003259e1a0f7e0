namespace FanOut.EventBus;

/// <summary>What came of a redrive or discard of many dead letters.</summary>
/// <param name="Changed">How many were redriven or discarded.</param>
/// <param name="NotEvents">
/// How many matched and were not redriven, because they are no events of this outbox: strays and malformed entries. Discard them.
/// </param>
public sealed record DeadLetterChange(int Changed, int NotEvents);

/// <summary>What came of a redrive or discard of one dead letter.</summary>
/// <param name="IsChanged">
/// False where it was refused: it had been decided about before, or it is no event of this outbox and cannot be redriven.
/// </param>
/// <param name="Letter">The dead letter after that. A redriven one may be handled and gone by now.</param>
public sealed record DeadLetterDecision(bool IsChanged, DeadLetterSummary Letter);

/// <summary>What came of undoing a redrive or discard.</summary>
/// <param name="Restored">How many are dead letters again. What is handled, or is being handled, was left alone.</param>
/// <param name="IsInTime">False where the decision is too long ago: nothing was changed.</param>
public sealed record DeadLetterUndo(int Restored, bool IsInTime);
