using System.Security.Cryptography;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Authenticates <c>Authorization: Bearer &lt;key&gt;</c>.</summary>
internal sealed class ApiKeyHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ApiKeyCache keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers.Authorization is not [{ } authorization])
        {
            return AuthenticateResult.Fail("The header Authorization must be given once.");
        }

        if (!ApiKey.TryParse(BearerToken.Of(authorization) ?? "", out var key))
        {
            return AuthenticateResult.Fail($"The API key is malformed. Its form is {ApiKey.Prefix}<id>.<secret>.");
        }

        try
        {
            var stored = await keys.FindAsync(key, Context.RequestAborted);
            if (stored is null || !CryptographicOperations.FixedTimeEquals(stored.Hash, key.Hash))
            {
                return AuthenticateResult.Fail("There is no such API key.");
            }

            return stored.RevokedAt is { } revoked ? AuthenticateResult.Fail($"The API key {key.Id} was revoked at {revoked:yyyy-MM-ddTHH:mm:ssZ}.")
                : stored.ExpiresAt is { } expires && expires <= TimeProvider.GetUtcNow()
                    ? AuthenticateResult.Fail($"The API key {key.Id} expired at {expires:yyyy-MM-ddTHH:mm:ssZ}.")
                : AuthenticateResult.Success(new(CallerExtensions.Create(SchemeName, key.Id, stored.Name, stored.Owner, stored.Scopes), SchemeName));
        }
        catch (NpgsqlException e)
        {
            // Anonymous routes are served all the same.
            return AuthenticateResult.Fail(e);
        }
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        await base.HandleChallengeAsync(properties);
        Response.Headers.Append(HeaderNames.WWWAuthenticate, "Bearer error=\"invalid_token\"");
    }
}
