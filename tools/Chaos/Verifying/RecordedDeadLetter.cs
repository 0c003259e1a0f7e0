namespace FanOut.Chaos.Verifying;

/// <summary>A dead letter as it stands in Postgres.</summary>
/// <param name="Entry">The id of its entry.</param>
/// <param name="Subject">The event's subject; null where it is no event.</param>
/// <param name="Error">Why.</param>
internal readonly record struct RecordedDeadLetter(string Entry, string? Subject, string Error);
