namespace FanOut.Contracts.Notifications;

/// <summary>Notifications, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record NotificationPage(IReadOnlyList<Notification> Notifications, string? After = null, string? Next = null);
