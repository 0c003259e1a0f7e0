namespace FanOut.Contracts.Notifications;

/// <summary>A mail about one event. <see cref="State"/> is <c>pending</c>, <c>sent</c> or <c>failed</c>.</summary>
public sealed record Notification(
    long Id,
    Guid EventId,
    string Subject,
    string Recipient,
    string State,
    int Attempts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? NextAttemptAt,
    DateTimeOffset? FinishedAt,
    string? LastError);
