namespace FanOut.Cli.Demo;

/// <summary>A consumer group and the view where its worker shows its effects.</summary>
internal sealed record GroupView(string Group, string Schema)
{
    public static IReadOnlyList<GroupView> All { get; } =
    [
        new("webhook-delivery", "webhooks"),
        new("analytics-pipeline", "analytics"),
        new("notification-sender", "notifications"),
    ];
}
