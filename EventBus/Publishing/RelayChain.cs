namespace FanOut.EventBus.Publishing;

/// <summary>The end of the chain of batches.</summary>
/// <param name="Tip">The newest batch; 0 where there is none.</param>
/// <param name="Tail">The last live entry; the default where there is none.</param>
/// <param name="Total">How many live entries the chain has.</param>
internal readonly record struct RelayChain(long Tip, EntryId Tail, long Total);
