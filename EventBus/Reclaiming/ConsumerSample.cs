namespace FanOut.EventBus.Reclaiming;

/// <summary>A consumer that has something pending.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Pending">Entries pending with it, on the stream and on the group's redrive stream.</param>
/// <param name="Idle">How long its lowest pending entry has been without a sign of life.</param>
/// <param name="IsLive">Whether it is a lane that gave a sign of life lately.</param>
public sealed record ConsumerSample(string Name, long Pending, TimeSpan Idle, bool IsLive);
