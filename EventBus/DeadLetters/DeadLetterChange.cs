namespace FanOut.EventBus.DeadLetters;

/// <summary>What came of a redrive or discard of many dead letters.</summary>
/// <param name="Changed">How many were redriven or discarded.</param>
/// <param name="Unchanged">How many were not, because somebody decided about them meanwhile or, where numbers were given, before; or because there is none of that number.</param>
/// <param name="Next">Where to go on; null where all are done.</param>
public sealed record DeadLetterChange(int Changed, int Unchanged, DeadLetterCursor? Next);
