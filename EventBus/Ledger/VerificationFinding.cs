namespace FanOut.EventBus.Ledger;

/// <summary>One thing that <see cref="StreamVerifier"/> found wrong.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Group">The consumer group that it is about; null where it is about the stream or the outbox.</param>
/// <param name="Entry">The event's id on the stream; null where it has none.</param>
/// <param name="EventId">The event; null where the outbox no longer has it, or where the finding is not about one event.</param>
/// <param name="Subject">The event's subject; null with <paramref name="EventId"/>.</param>
/// <param name="Detail">What was seen, and what to do where somebody has to do something.</param>
public sealed record VerificationFinding(VerificationFindingKind Kind, GroupName? Group, EntryId? Entry, Guid? EventId, string? Subject, string Detail);
