using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace FanOut.ServiceDefaults.Access;

public static class AccessExtensions
{
    /// <summary>The scheme of the header <c>Authorization</c>: an API key or a token.</summary>
    public const string AnyScheme = "Access";

    /// <summary>Requires a scope of every caller. A route that requires none is closed.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder routes, string scope)
        where TBuilder : IEndpointConventionBuilder
    {
        string[] types = ["application/problem+json"];
        return routes.RequireAuthorization(scope).WithMetadata(
            new ProducesResponseTypeMetadata(StatusCodes.Status401Unauthorized, typeof(ProblemDetails), types),
            new ProducesResponseTypeMetadata(StatusCodes.Status403Forbidden, typeof(ProblemDetails), types));
    }

    internal static void AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<AccessOptions>, AccessRules>();
        services.AddOptions<AccessOptions>().BindConfiguration(AccessOptions.SectionName).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<ApiKeyCache>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessResults>();
        services.AddAuthentication(AnyScheme)
            .AddPolicyScheme(AnyScheme, null, scheme => scheme.ForwardDefaultSelector = SchemeOf)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyHandler>(ApiKeyHandler.SchemeName, null)
            .AddScheme<AuthenticationSchemeOptions, AnonymousHandler>(AnonymousHandler.SchemeName, null)
            .AddJwtBearer(tokens =>
            {
                // The platform would not check what its section leaves out.
                tokens.TokenValidationParameters.ValidateIssuer = true;
                tokens.TokenValidationParameters.ValidateAudience = true;
                tokens.MapInboundClaims = false;
                tokens.BackchannelTimeout = TokenEvents.MaxWait;
                tokens.Events = new TokenEvents();
            });

        // Neither keys nor tokens use what it loads: a key ring in the user's folder.
        foreach (var keyRing in services.Where(service => service.ServiceType == typeof(IHostedService)
            && service.ImplementationType?.Assembly == typeof(DataProtectionServiceCollectionExtensions).Assembly).ToArray())
        {
            services.Remove(keyRing);
        }

        services.AddAuthorization(access =>
        {
            foreach (var scope in Scopes.All)
            {
                access.AddPolicy(scope, policy => policy.RequireClaim(CallerExtensions.ScopeClaim, scope, Scopes.Any));
            }

            // What is no route is answered 404 or 405.
            var closed = new AuthorizationPolicyBuilder()
                .RequireAssertion(request => request.Resource is HttpContext context && context.GetEndpoint() is not RouteEndpoint)
                .Build();
            (access.DefaultPolicy, access.FallbackPolicy) = (closed, closed);
        });
    }

    private static string SchemeOf(HttpContext context) =>
        context.RequestServices.GetRequiredService<IOptions<AccessOptions>>().Value.AllowAnonymous ? AnonymousHandler.SchemeName
        : context.Request.Headers.Authorization is { Count: > 0 } given
            && (given.Count > 1 || (BearerToken.Of(given[0]!)?.StartsWith(ApiKey.Prefix, StringComparison.Ordinal) ?? false))
            ? ApiKeyHandler.SchemeName
        : JwtBearerDefaults.AuthenticationScheme;
}
