namespace FanOut.ServiceDefaults.Access;

/// <summary>What a caller may do. Each route requires one of these.</summary>
public static class Scopes
{
    /// <summary>Place orders.</summary>
    public const string OrdersWrite = "orders:write";

    /// <summary>Read orders.</summary>
    public const string OrdersRead = "orders:read";

    /// <summary>Manage endpoints of webhooks, and read their deliveries.</summary>
    public const string Webhooks = "webhooks";

    /// <summary>Read reports.</summary>
    public const string Analytics = "analytics";

    /// <summary>Read metrics, details of health, streams, groups, dead letters and mails.</summary>
    public const string OpsRead = "ops:read";

    /// <summary>Redrive and discard dead letters, send mails again.</summary>
    public const string OpsWrite = "ops:write";

    /// <summary>All of them.</summary>
    public const string Any = "*";

    public static IReadOnlyList<string> All { get; } = [OrdersWrite, OrdersRead, Webhooks, Analytics, OpsRead, OpsWrite];

    public static bool IsKnown(string scope) => scope == Any || All.Contains(scope);
}
