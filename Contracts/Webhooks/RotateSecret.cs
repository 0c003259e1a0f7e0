namespace FanOut.Contracts.Webhooks;

/// <summary>The new secret, or null to have one drawn.</summary>
public sealed record RotateSecret(string? Secret = null);
