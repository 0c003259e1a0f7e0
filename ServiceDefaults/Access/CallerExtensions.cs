using System.Security.Claims;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Who calls, for which account, and what the caller may do.</summary>
public static class CallerExtensions
{
    /// <summary>The claim with the account that a caller acts for.</summary>
    public const string OwnerClaim = "fanout:owner";

    /// <summary>A claim with one scope of a caller.</summary>
    public const string ScopeClaim = "fanout:scope";

    /// <summary>The account that the caller acts for. What belongs to it is hidden from all others.</summary>
    /// <exception cref="InvalidOperationException">The caller is anonymous.</exception>
    public static string Owner(this ClaimsPrincipal caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return caller.FindFirst(OwnerClaim)?.Value ?? throw new InvalidOperationException("An anonymous caller has no owner: require a scope.");
    }

    /// <summary>The name of the caller's key, or of the person with a token.</summary>
    /// <exception cref="InvalidOperationException">The caller is anonymous.</exception>
    public static string Name(this ClaimsPrincipal caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return caller.Identity?.Name ?? throw new InvalidOperationException("An anonymous caller has no name: require a scope.");
    }

    /// <summary>The id of the caller's key, or the subject of its token.</summary>
    /// <exception cref="InvalidOperationException">The caller is anonymous.</exception>
    public static string Id(this ClaimsPrincipal caller)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return caller.FindFirst(ClaimTypes.NameIdentifier)?.Value
            ?? throw new InvalidOperationException("An anonymous caller has no id: require a scope.");
    }

    public static bool HasScope(this ClaimsPrincipal caller, string scope)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return caller.HasClaim(ScopeClaim, scope) || caller.HasClaim(ScopeClaim, Scopes.Any);
    }

    /// <summary>A caller that is known. It has these claims and no other, wherever it comes from.</summary>
    internal static ClaimsPrincipal Create(string scheme, string id, string name, string owner, IEnumerable<string> scopes) => new(new ClaimsIdentity(
        [
            new Claim(ClaimTypes.NameIdentifier, id),
            new Claim(ClaimsIdentity.DefaultNameClaimType, name),
            new Claim(OwnerClaim, owner),
            .. scopes.Distinct().Select(scope => new Claim(ScopeClaim, scope)),
        ],
        scheme));
}
