namespace FanOut.Contracts.Operations;

/// <summary>Dead letters, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetter> DeadLetters, string? After = null, string? Next = null);
