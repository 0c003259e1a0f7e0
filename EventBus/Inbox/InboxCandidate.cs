namespace FanOut.EventBus.Inbox;

/// <summary>What an entry says of itself: that it is this event of the outbox. Many can say so; the transaction finds out.</summary>
internal readonly record struct InboxCandidate(long Position, Guid EventId);
