namespace FanOut.EventBus;

/// <summary>Where <see cref="EventErasure"/> has replaced or removed data.</summary>
/// <param name="Events">Rows of the outbox whose data was replaced.</param>
/// <param name="Entries">Entries that were removed from the stream: they were done.</param>
/// <param name="DeadLetters">Dead letters, discarded ones included, whose data was replaced.</param>
/// <param name="Copies">Copies of dead letters that were removed from the groups' DLQ streams in Redis.</param>
public sealed record ErasedEvents(int Events, long Entries, int DeadLetters, long Copies);
