namespace FanOut.Contracts.Operations;

/// <summary>How the stream stood at <see cref="At"/>. Memory is what its Redis uses, in bytes; <see cref="MemoryLimit"/> is null without a limit. The seconds left are until memory or the hard cap of entries is used up at the rate of the last ten minutes; null where that is not in sight.</summary>
public sealed record StreamStatus(string Name, DateTimeOffset At, long Length, string? LastEntry, long MemoryUsed, long? MemoryLimit, double? MemoryLeftSeconds, double? LengthLeftSeconds, int Groups, long DeadLetters);
