namespace FanOut.EndToEnd.Tests.Orders;

/// <summary>A consumer group, the service that runs it, and the schema whose view <c>effects</c> has a row per effect.</summary>
internal sealed record Group(string Name, string Service, string Schema)
{
    public static readonly Group Webhooks = new("webhook-delivery", "webhook-worker", "webhooks");
    public static readonly Group Analytics = new("analytics-pipeline", "analytics-worker", "analytics");
    public static readonly Group Notifications = new("notification-sender", "notification-worker", "notifications");

    public static IReadOnlyList<Group> All { get; } = [Webhooks, Analytics, Notifications];
}
