using FanOut.ServiceDefaults.Access;
using FanOut.StreamConsole.Clients;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace FanOut.StreamConsole.Access;

/// <summary>
/// Checks the key of an open page again. What a page shows may have been read with the key of another viewer, so a page whose own key was
/// revoked, has expired or lost its scope leads to the sign-in.
/// </summary>
internal sealed class SignInRevalidation(Credentials credentials, ILoggerFactory logs) : RevalidatingServerAuthenticationStateProvider(logs)
{
    // The services too learn of a revoked key within this time, and keep what they know of it for as long.
    protected override TimeSpan RevalidationInterval => TimeSpan.FromSeconds(10);

    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken)
    {
        var token = authenticationState.User.FindFirst(Viewer.TokenClaim)?.Value ?? "";
        var result = await credentials.AuthenticateAsync(token, cancellationToken);
        return result.Principal is { } caller ? caller.HasScope(Scopes.OpsRead) : Credentials.CannotTell(result);
    }
}
