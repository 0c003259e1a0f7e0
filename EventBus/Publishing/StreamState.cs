using FanOut.EventBus.Groups;

namespace FanOut.EventBus.Publishing;

/// <summary>What the relays have put on the stream, as it is recorded beside it.</summary>
/// <param name="Outbox">Whose events they are.</param>
/// <param name="Generation">The outbox' generation.</param>
/// <param name="Seq">A token that is never used twice: an append names the one that it follows.</param>
/// <param name="Position">The highest position read.</param>
/// <param name="Event">The id of the event there; null where nobody has to know it, at or below every group's done_through.</param>
internal sealed record StreamState(Guid Outbox, int Generation, string Seq, long Position, Guid? Event)
{
    /// <summary>Whether it is of this outbox, or of one of its earlier generations.</summary>
    public bool IsOf(OutboxHistory history) =>
        Generation == history.Generation ? Outbox == history.Outbox : Generation < history.Generation && history.Earlier.Contains(Outbox);
}

/// <summary>What was found in Redis.</summary>
/// <param name="State">Null where there is none.</param>
/// <param name="Gaps">The gaps that were open.</param>
/// <param name="EntriesAdded">How many entries the stream ever had, as Redis counts.</param>
/// <param name="HasLostEntries">The stream had fewer than the state says, or its ids are used up: it must be made anew.</param>
internal sealed record StreamFound(StreamState? State, IReadOnlyList<Gap> Gaps, long EntriesAdded, bool HasLostEntries);
