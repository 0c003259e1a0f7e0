namespace FanOut.EventBus.Publishing;

/// <summary>Positions that were not visible though a higher one was: their writer is at work, or has rolled back.</summary>
/// <param name="First">The first of them.</param>
/// <param name="Last">The last.</param>
/// <param name="Xid">A transaction of the relay's own, drawn after the read that found the gap; null until then.</param>
internal readonly record struct Gap(long First, long Last, ulong? Xid = null);
