namespace FanOut.EventBus.Publishing;

/// <summary>The end of the chain of batches.</summary>
/// <param name="Tip">The newest batch; 0 where there is none.</param>
/// <param name="Tail">The last live entry; the default where there is none.</param>
/// <param name="TailEvent">The event it is of; null where the outbox no longer has it.</param>
/// <param name="Total">How many live entries the chain has.</param>
internal readonly record struct RelayChain(long Tip, EntryId Tail, Guid? TailEvent, long Total);
