using System.Security.Claims;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using FanOut.StreamConsole.Clients;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;
using Microsoft.IdentityModel.JsonWebTokens;
using Npgsql;

namespace FanOut.StreamConsole.Access;

/// <summary>
/// Signs a person in with an API key or a token of the other services. It is kept, encrypted, in the browser's cookie and sent on to the services: they
/// decide what the person may do, and record who did it.
/// </summary>
internal static class SignIn
{
    public const string Path = "/sign-in";
    public const string OutPath = "/sign-out";

    private const string PageScheme = "Page";
    private const string CookieName = "fanout-console";

    // The services refuse a revoked key within seconds, whatever the cookie says.
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    public static void AddSignIn(this WebApplicationBuilder builder)
    {
        builder.Services.AddAuthentication(PageScheme)
            .AddPolicyScheme(PageScheme, null, scheme => scheme.ForwardDefaultSelector = context =>
                context.Request.Headers.Authorization.Count > 0 ? AccessExtensions.AnyScheme : CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie(cookie =>
            {
                cookie.Cookie.Name = CookieName;
                cookie.Cookie.SameSite = SameSiteMode.Strict;
                cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                cookie.ExpireTimeSpan = Lifetime;
                cookie.SlidingExpiration = false;
                cookie.LoginPath = Path;
                cookie.AccessDeniedPath = Path;
                cookie.ReturnUrlParameter = "returnUrl";
            });
        builder.Services.AddAntiforgery(options => options.Cookie.Name = $"{CookieName}-form");
    }

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path, SignInAsync).AllowAnonymous();
        routes.MapPost(OutPath, (Delegate)SignOutAsync).AllowAnonymous().ReadOwnBodies();
    }

    private static async Task<IResult> SignInAsync(
        [FromForm] string? key, [FromForm] string? returnUrl, HttpContext http, TimeProvider time)
    {
        var token = key?.Trim() ?? "";
        http.Request.Headers.Authorization = $"Bearer {token}";
        var result = token.Length is > 0 and < 8_192 && !token.Any(char.IsControl)
            ? await http.AuthenticateAsync(AccessExtensions.AnyScheme)
            : AuthenticateResult.NoResult();
        var refusal = result.Principal is { } caller ? (caller.HasScope(Scopes.OpsRead) ? null : SignInError.Scope)
            : result.Failure is NpgsqlException or AuthorityUnavailableException ? SignInError.Away
            : (SignInError?)SignInError.Key;
        var page = returnUrl is ['/', not ('/' or '\\'), ..] ? returnUrl : "/";
        if (refusal is { } error)
        {
            return TypedResults.LocalRedirect($"{Path}?error={error}&returnUrl={Uri.EscapeDataString(page)}");
        }

        var now = time.GetUtcNow();
        var identity = new ClaimsIdentity(
            [.. result.Principal!.Claims, new Claim(Viewer.TokenClaim, token)], CookieAuthenticationDefaults.AuthenticationScheme);
        await http.SignInAsync(
            CookieAuthenticationDefaults.AuthenticationScheme,
            new ClaimsPrincipal(identity),
            new AuthenticationProperties { IsPersistent = true, IssuedUtc = now, ExpiresUtc = ExpiryOf(token, now) });
        return TypedResults.LocalRedirect(page);
    }

    private static async Task<IResult> SignOutAsync(HttpContext http)
    {
        await http.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        return TypedResults.LocalRedirect(Path);
    }

    private static DateTimeOffset ExpiryOf(string token, DateTimeOffset now)
    {
        var latest = now + Lifetime;
        var handler = new JsonWebTokenHandler();
        return handler.CanReadToken(token) && handler.ReadJsonWebToken(token).ValidTo is { Ticks: > 0 } end && end < latest ? end : latest;
    }
}

/// <summary>Why a person was not signed in.</summary>
internal enum SignInError
{
    /// <summary>There is no such key, or the token is not valid.</summary>
    Key,

    /// <summary>It may not read operations.</summary>
    Scope,

    /// <summary>The database, or the authority that issues tokens, does not answer.</summary>
    Away,
}
