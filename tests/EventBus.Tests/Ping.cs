namespace FanOut.EventBus.Tests;

internal sealed record Ping(int Number)
{
    public const string EventType = "test.ping";
}
