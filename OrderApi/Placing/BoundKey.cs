namespace FanOut.OrderApi.Placing;

/// <summary>An idempotency key and the hash of the request that it identifies.</summary>
internal sealed record BoundKey(string Key, byte[] RequestHash);
