namespace FanOut.WebhookWorker.Endpoints;

/// <summary>What a POST to an endpoint needs; the secrets are encrypted.</summary>
internal sealed record ChallengedEndpoint(string Url, byte[] Secret, byte[]? PreviousSecret, bool AwaitsVerification);
