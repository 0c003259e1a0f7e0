namespace FanOut.Contracts.Operations;

/// <summary>A consumer with something pending. <see cref="IdleSeconds"/>: time without a sign of life of its lowest pending entry.</summary>
public sealed record ConsumerStatus(string Name, long Pending, double IdleSeconds, bool IsLive);
