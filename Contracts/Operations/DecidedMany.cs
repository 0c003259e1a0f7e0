namespace FanOut.Contracts.Operations;

/// <summary>How many dead letters were redriven or discarded, how many were not because they had been decided about (or do not exist), and the cursor to go on with; null where all are done.</summary>
public sealed record DecidedMany(int Changed, int Unchanged, string? After);
