namespace FanOut.Contracts.Webhooks;

/// <summary>An endpoint as it is to be. No event types: all of them. A secret (<c>whsec_...</c>) may be given at creation only; without one it is drawn.</summary>
public sealed record PutEndpoint(
    string? Url = null,
    IReadOnlyList<string>? EventTypes = null,
    bool? Enabled = null,
    string? Description = null,
    string? Secret = null);
