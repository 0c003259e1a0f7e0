using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Lets everyone do everything: see <see cref="AccessOptions.AllowAnonymous"/>.</summary>
internal sealed class AnonymousHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "Anonymous";

    private static readonly AuthenticateResult Everyone =
        AuthenticateResult.Success(new(CallerExtensions.Create(SchemeName, "anonymous", "anonymous", "anonymous", [Scopes.Any]), SchemeName));

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Everyone);
}
