namespace FanOut.Contracts.Operations;

/// <summary>How the stream stood at <see cref="At"/>. Memory is what its Redis uses, in bytes; <see cref="MemoryLimit"/> is null without a limit.</summary>
public sealed record StreamStatus(string Name, DateTimeOffset At, long Length, string? LastEntry, long MemoryUsed, long? MemoryLimit, int Groups, long DeadLetters);
