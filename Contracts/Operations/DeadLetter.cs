namespace FanOut.Contracts.Operations;

/// <summary>One time that an event could not be handled by a group. <see cref="State"/> is <c>dead</c>, <c>redriven</c> or <c>discarded</c>; a redriven one has settled once it is handled, or is a dead letter again.</summary>
public sealed record DeadLetter(
    long Number,
    string Group,
    string Entry,
    Guid? EventId,
    string? Type,
    string? Subject,
    DateTimeOffset? Time,
    string Consumer,
    int Deliveries,
    string Error,
    DateTimeOffset DeadLetteredAt,
    string State,
    DateTimeOffset? DecidedAt,
    string? DecidedBy,
    DateTimeOffset? SettledAt);
