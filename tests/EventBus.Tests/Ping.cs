namespace FanOut.EventBus.Tests;

internal sealed record Ping(int Number)
{
    public const string EventType = "test.ping";

    /// <summary>Refuses negative numbers, as data types with rules of their own do.</summary>
    public int Number { get; } = Number >= 0 ? Number : throw new ArgumentOutOfRangeException(nameof(Number));
}
