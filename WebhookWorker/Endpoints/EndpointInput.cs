namespace FanOut.WebhookWorker.Endpoints;

/// <summary>An endpoint as somebody wants it, checked.</summary>
internal sealed record EndpointInput(string Url, string[] EventTypes, bool Enabled, string Description, byte[]? Secret);
