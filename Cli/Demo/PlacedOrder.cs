namespace FanOut.Cli.Demo;

/// <summary>An order that was answered 201, and when it was first sent.</summary>
internal sealed record PlacedOrder(string Id, DateTimeOffset SentAt);
