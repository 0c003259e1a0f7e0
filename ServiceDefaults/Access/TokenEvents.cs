using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Makes a caller of a valid token, and tells a wrong token from an authority that does not answer.</summary>
internal sealed class TokenEvents : JwtBearerEvents
{
    /// <summary>How long to wait for the authority.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

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

    /// <summary>Without the keys of the authority every token looks wrong. The platform would wait for them for a minute.</summary>
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        var given = context.Request.Headers.Authorization;
        if (context.Options.ConfigurationManager is not { } authority || given is not [{ } authorization] || BearerToken.Of(authorization) is null)
        {
            return;
        }

        var aborted = context.HttpContext.RequestAborted;
        using var deadline = new CancellationTokenSource(MaxWait, context.Options.TimeProvider ?? TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(aborted, deadline.Token);
        try
        {
            await authority.GetConfigurationAsync(either.Token).WaitAsync(either.Token);
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or HttpRequestException
            || (e is OperationCanceledException && !aborted.IsCancellationRequested))
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

/// <summary>The authority that issues tokens does not answer.</summary>
public sealed class AuthorityUnavailableException(Exception reason) : Exception(reason.Message, reason);
