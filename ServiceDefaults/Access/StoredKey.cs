namespace FanOut.ServiceDefaults.Access;

/// <summary>What the database knows of an API key.</summary>
internal sealed record StoredKey(
    string Name, string Owner, byte[] Hash, IReadOnlyList<string> Scopes, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt);
