namespace FanOut.Chaos.Running;

/// <summary>A service: its project, and what its replicas are called.</summary>
internal sealed record ServiceKind(string Name, string Project)
{
    public static readonly ServiceKind Api = new("api", "OrderApi");
    public static readonly ServiceKind Webhook = new("webhook", "WebhookWorker");
    public static readonly ServiceKind Analytics = new("analytics", "AnalyticsWorker");
    public static readonly ServiceKind Notification = new("notification", "NotificationWorker");
    public static readonly ServiceKind Reclaimer = new("reclaimer", "Reclaimer");

    public static IReadOnlyList<ServiceKind> All { get; } = [Api, Webhook, Analytics, Notification, Reclaimer];

    public static IReadOnlyList<ServiceKind> Workers { get; } = [Webhook, Analytics, Notification];

    public override string ToString() => Name;
}
