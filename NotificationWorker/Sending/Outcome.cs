namespace FanOut.NotificationWorker.Sending;

internal sealed record Outcome(ClaimedEmail Email, SendResult Result, TimeSpan Delay = default, string? Error = null);
