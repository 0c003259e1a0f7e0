using FanOut.Contracts.Webhooks;

namespace FanOut.StreamConsole.Parts;

/// <summary>The state of an endpoint for webhooks, in words.</summary>
/// <param name="Word">What a person reads first.</param>
/// <param name="Tone">The colour of the word.</param>
/// <param name="Reason">Why it is so; null where there is nothing to explain.</param>
internal sealed record EndpointState(string Word, string Tone, string? Reason)
{
    public static EndpointState Of(WebhookEndpoint endpoint) => endpoint switch
    {
        { Enabled: false } => new("disabled", "off", endpoint.DisabledBecause),
        { Verification.IsAwaited: true } => new(
            "unverified", "warn", endpoint.Verification.Error ?? "Its receiver has not answered the challenge yet. Deliveries wait."),
        { Health.State: "failing" } => new(
            "failing", "bad", $"{Attempts(endpoint.Health.ConsecutiveFailures)} failed in a row. {endpoint.Health.LastError}".TrimEnd()),
        { Health.State: "healthy" } => new("healthy", "good", null),
        _ => new("unknown", "busy", "Nothing was sent to it yet."),
    };

    private static string Attempts(int count) => count == 1 ? "1 attempt" : $"{Format.Count(count)} attempts";
}
