using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Makes a caller of a valid token, and tells a wrong token from an authority that does not answer.</summary>
internal sealed class TokenEvents : JwtBearerEvents
{
    // Of names in the database.
    private const int MaxLength = 200;

    private static readonly string[] ScopeClaims = ["scope", "scp"];

    public override Task TokenValidated(TokenValidatedContext context)
    {
        var options = context.HttpContext.RequestServices.GetRequiredService<IOptions<AccessOptions>>().Value;
        var token = context.Principal!;
        if (token.FindFirst(options.OwnerClaim)?.Value is not { Length: > 0 and <= MaxLength } owner || owner.Any(char.IsControl))
        {
            context.Fail($"The token has no claim '{options.OwnerClaim}' (Access:OwnerClaim) of 1 to {MaxLength} characters.");
            return Task.CompletedTask;
        }

        var subject = token.FindFirst("sub")?.Value ?? owner;
        var name = token.FindFirst("name")?.Value is { Length: > 0 } given ? $"{subject} ({given})" : subject;
        name = string.Concat(name.Where(letter => !char.IsControl(letter)).Take(MaxLength));
        context.Principal = CallerExtensions.Create(JwtBearerDefaults.AuthenticationScheme, subject, name, owner, ScopesOf(token, options));
        return Task.CompletedTask;
    }

    /// <summary>Without the keys of the authority every token looks wrong.</summary>
    public override async Task AuthenticationFailed(AuthenticationFailedContext context)
    {
        if (context.Options.ConfigurationManager is not { } authority)
        {
            return;
        }

        try
        {
            await authority.GetConfigurationAsync(context.HttpContext.RequestAborted);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or HttpRequestException)
        {
            context.Fail(new AuthorityUnavailableException(e));
        }
    }

    private static IEnumerable<string> ScopesOf(ClaimsPrincipal token, AccessOptions options) => token.Claims
        .Where(claim => ScopeClaims.Contains(claim.Type))
        .SelectMany(claim => claim.Value.Split(' '))
        .Where(Scopes.All.Contains)
        .Concat(options.Grants.Where(grant => token.HasClaim(grant.Claim, grant.Value)).SelectMany(grant => grant.Scopes));
}

internal sealed class AuthorityUnavailableException(Exception reason) : Exception(reason.Message, reason);
