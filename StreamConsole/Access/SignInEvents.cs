using FanOut.StreamConsole.Clients;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Net.Http.Headers;

namespace FanOut.StreamConsole.Access;

/// <summary>What the cookie is worth: as much as its key is worth now.</summary>
internal sealed class SignInEvents(Credentials credentials) : CookieAuthenticationEvents
{
    /// <summary>A key that was revoked, has expired or lost a scope takes effect at once, not when the cookie ends.</summary>
    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        var token = context.Principal?.FindFirst(Viewer.TokenClaim)?.Value ?? "";
        var result = await credentials.AuthenticateAsync(token, context.HttpContext.RequestAborted);
        if (result.Principal is { } caller)
        {
            context.ReplacePrincipal(SignIn.Person(caller, token));
        }
        else if (!Credentials.CannotTell(result))
        {
            context.RejectPrincipal();
        }
    }

    public override Task RedirectToLogin(RedirectContext<CookieAuthenticationOptions> context) =>
        RefuseAsync(context, StatusCodes.Status401Unauthorized, error: null);

    public override Task RedirectToAccessDenied(RedirectContext<CookieAuthenticationOptions> context) =>
        RefuseAsync(context, StatusCodes.Status403Forbidden, SignInError.Scope);

    /// <summary>A person gets the form, a program the status.</summary>
    private static Task RefuseAsync(RedirectContext<CookieAuthenticationOptions> context, int status, SignInError? error)
    {
        var (request, response) = (context.Request, context.Response);
        if (request.IsForPage())
        {
            response.Redirect(SignIn.PathTo($"{request.PathBase}{request.Path}{request.QueryString}", error));
        }
        else
        {
            response.StatusCode = status;
            response.Headers.Append(HeaderNames.WWWAuthenticate, "Bearer");
        }

        return Task.CompletedTask;
    }
}
