namespace FanOut.WebhookWorker.Endpoints;

/// <summary>What a challenge to an endpoint needs; the secrets are encrypted.</summary>
internal sealed record ChallengedEndpoint(string Url, byte[] Secret, byte[]? PreviousSecret);
