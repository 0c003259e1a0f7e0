namespace FanOut.Chaos.Verifying;

/// <summary>An order as it stands in Postgres.</summary>
internal readonly record struct RecordedOrder(Guid Id, string Key, decimal Total);
