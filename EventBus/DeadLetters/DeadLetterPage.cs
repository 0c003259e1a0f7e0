namespace FanOut.EventBus.DeadLetters;

/// <summary>Dead letters, newest first.</summary>
/// <param name="Letters">The dead letters.</param>
/// <param name="Next">The number to ask for the next page with; null on the last.</param>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetterSummary> Letters, long? Next);
