namespace FanOut.Contracts.Webhooks;

/// <summary><see cref="State"/> is <c>unknown</c> before the first attempt, then <c>healthy</c> or <c>failing</c>, as the last attempt went.</summary>
public sealed record EndpointHealth(
    string State,
    int ConsecutiveFailures,
    DateTimeOffset? FailingSince,
    DateTimeOffset? LastSuccessAt,
    DateTimeOffset? LastFailureAt,
    string? LastError);
