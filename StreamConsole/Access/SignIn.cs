using System.Security.Claims;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using FanOut.StreamConsole.Clients;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.IdentityModel.JsonWebTokens;

namespace FanOut.StreamConsole.Access;

/// <summary>
/// Signs a person in with an API key or a token of the other services. It is kept, encrypted, in the browser's cookie and sent on to the
/// services: they decide what the person may do, and record who did it.
/// </summary>
internal static class SignIn
{
    public const string Path = "/sign-in";
    public const string OutPath = "/sign-out";

    private const string PageScheme = "Page";
    private const string CookieScheme = CookieAuthenticationDefaults.AuthenticationScheme;
    private const string CookieName = "fanout-console";
    private const string Form = "application/x-www-form-urlencoded";

    // A cookie has to fit into the headers of a request.
    private const int MaxToken = 8_192;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private static readonly Uri AnyHost = new("http://host");

    public static void AddSignIn(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton<Credentials>();
        services.AddSingleton<SignInEvents>();
        services.AddScoped<AuthenticationStateProvider, SignInRevalidation>();
        services.AddAuthentication(PageScheme)
            .AddPolicyScheme(PageScheme, null, scheme => scheme.ForwardDefaultSelector = context =>
                context.Request.Headers.Authorization.Count > 0 ? AccessExtensions.AnyScheme : CookieScheme)
            .AddCookie(cookie =>
            {
                cookie.Cookie.Name = CookieName;

                // Lax: a link in a message leads to its page. From other sites nothing can be changed (BrowserRules).
                cookie.Cookie.SameSite = SameSiteMode.Lax;
                cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                cookie.ExpireTimeSpan = Lifetime;
                cookie.SlidingExpiration = false;
                cookie.EventsType = typeof(SignInEvents);
            });
        services.AddAntiforgery(options =>
        {
            options.Cookie.Name = $"{CookieName}-form";
            options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
    }

    public static void MapSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Path, SignInAsync).AllowAnonymous().Accepts<IFormCollection>(Form).WithMetadata(new RequireAntiforgeryTokenAttribute());
        routes.MapPost(OutPath, (Delegate)SignOutAsync).AllowAnonymous().ReadOwnBodies();
    }

    private static async Task<IResult> SignInAsync(HttpContext http, Credentials credentials, TimeProvider time)
    {
        if (http.Features.Get<IAntiforgeryValidationFeature>() is not { IsValid: true })
        {
            return Refused(SignInError.Page, "/");
        }

        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        var token = form["key"].ToString().Trim();
        var page = LocalPage(form["returnUrl"].ToString());
        var result = token.Length is > 0 and <= MaxToken && token.All(char.IsAscii) && !token.Any(char.IsControl)
            ? await credentials.AuthenticateAsync(token, http.RequestAborted)
            : AuthenticateResult.NoResult();
        if (result.Principal is not { } caller)
        {
            return Refused(Credentials.CannotTell(result) ? SignInError.Away : SignInError.Key, page);
        }

        if (!caller.HasScope(Scopes.OpsRead))
        {
            return Refused(SignInError.Scope, page);
        }

        var now = time.GetUtcNow();
        await http.SignInAsync(
            CookieScheme,
            Person(caller, token),
            new AuthenticationProperties { IsPersistent = true, IssuedUtc = now, ExpiresUtc = ExpiryOf(token, now) });
        return TypedResults.LocalRedirect(page);
    }

    private static async Task<IResult> SignOutAsync(HttpContext http)
    {
        await http.SignOutAsync(CookieScheme);
        return TypedResults.LocalRedirect(Path);
    }

    /// <summary>The caller, with the credential that the services are called with.</summary>
    public static ClaimsPrincipal Person(ClaimsPrincipal caller, string token) =>
        new(new ClaimsIdentity([.. caller.Claims, new Claim(Viewer.TokenClaim, token)], CookieScheme));

    /// <summary>The address of the form, which leads to this page.</summary>
    public static string PathTo(string page, SignInError? error = null) =>
        $"{Path}?{(error is null ? "" : $"error={error}&")}returnUrl={Uri.EscapeDataString(page)}";

    private static RedirectHttpResult Refused(SignInError error, string page) => TypedResults.LocalRedirect(PathTo(page, error));

    /// <summary>The page, or the first one if the address is of another site.</summary>
    private static string LocalPage(string page) =>
        page.StartsWith('/') && RedirectHttpResult.IsLocalUrl(page) && Uri.TryCreate(AnyHost, page, out var address)
            && RedirectHttpResult.IsLocalUrl(address.PathAndQuery) // '/..//host' was local before its dots were resolved.
            ? address.PathAndQuery
            : "/";

    private static DateTimeOffset ExpiryOf(string token, DateTimeOffset now)
    {
        var latest = now + Lifetime;
        var handler = new JsonWebTokenHandler();
        return handler.CanReadToken(token) && handler.ReadJsonWebToken(token).ValidTo is { Ticks: > 0 } end && end < latest ? end : latest;
    }
}
