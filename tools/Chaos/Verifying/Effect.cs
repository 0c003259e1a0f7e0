namespace FanOut.Chaos.Verifying;

/// <summary>A row that says that an event took effect.</summary>
internal readonly record struct Effect(Guid Event, string Subject);
