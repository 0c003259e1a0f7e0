using FanOut.ServiceDefaults.Access;

namespace FanOut.WebhookWorker;

/// <summary>Marks the routes of operators, who see and change what belongs to every account.</summary>
internal sealed record OfEveryAccount;

internal static class Account
{
    public const string Operations = "/operations";

    /// <summary>The account whose endpoints the request is about: the caller's own, or null for all where the route is one of operators.</summary>
    public static string? Of(HttpContext http) => IsEvery(http) ? null : http.User.Owner();

    /// <summary>The address of what this route is about, for those who may use this route.</summary>
    public static string Address(HttpContext http, string path) => IsEvery(http) ? Operations + path : path;

    private static bool IsEvery(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<OfEveryAccount>() is not null;
}
