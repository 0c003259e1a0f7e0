namespace FanOut.Contracts.Webhooks;

/// <summary>Until <see cref="PreviousValidUntil"/> every webhook carries two signatures: by this secret and by the one before it.</summary>
public sealed record RotatedSecret(string Secret, DateTimeOffset PreviousValidUntil);
