namespace FanOut.NotificationWorker.Sending;

internal sealed record ClaimedEmail(
    long Id,
    Guid Claim,
    Guid EventId,
    int Attempts,
    string Placed,
    string? TraceParent,
    string? TraceState,
    DateTimeOffset CreatedAt);
