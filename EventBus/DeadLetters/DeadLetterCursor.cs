namespace FanOut.EventBus.DeadLetters;

/// <summary>Where a redrive or discard of many goes on. It ends at what was the last dead letter when it began: what fails again meanwhile is not redriven again by it.</summary>
/// <param name="After">The number of the last dead letter that was looked at.</param>
/// <param name="UpTo">The number of the last dead letter that is looked at.</param>
public sealed record DeadLetterCursor(long After, long UpTo);
