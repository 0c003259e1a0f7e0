using System.Security.Claims;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Who calls, and for which account.</summary>
public static class CallerExtensions
{
    /// <summary>The claim with the account that a caller acts for.</summary>
    public const string OwnerClaim = "fanout:owner";

    /// <summary>The account that the caller acts for. What belongs to it is hidden from all others.</summary>
    public static string Owner(this ClaimsPrincipal caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return caller.FindFirst(OwnerClaim)?.Value ?? "";
    }
}
