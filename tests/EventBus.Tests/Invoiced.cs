namespace FanOut.EventBus.Tests;

internal sealed record Invoiced(int Number);
