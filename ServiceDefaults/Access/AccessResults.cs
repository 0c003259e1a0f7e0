using System.Runtime.ExceptionServices;
using FanOut.ServiceDefaults.Errors;
using FanOut.ServiceDefaults.Requests;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Answers those who may not come in: 401 or 403 with the reason, and 503 where it cannot be known.</summary>
internal sealed partial class AccessResults(IProblemDetailsService problems, ILogger<AccessResults> logger) : IAuthorizationMiddlewareResultHandler
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private static readonly object FailureItem = new();

    private readonly AuthorizationMiddlewareResultHandler _platform = new();

    /// <summary>Why the caller was refused, for the problem.</summary>
    public static string? ReasonOf(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status401Unauthorized => context.Items[FailureItem] switch
        {
            AuthenticationFailureException failure => failure.Message,
            Exception => "The token is not valid; WWW-Authenticate says why.",
            _ => "Send an API key or a token: 'Authorization: Bearer <key>'.",
        },
        StatusCodes.Status403Forbidden when Missing(context) is { Length: > 0 } missing => $"The caller lacks the scope {string.Join(' ', missing)}.",
        StatusCodes.Status403Forbidden => "This route is closed to everyone.",
        _ => null,
    };

    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        var failure = authorizeResult.Succeeded ? null : (await context.AuthenticateAsync()).Failure;
        context.Items[FailureItem] = failure;
        if (!authorizeResult.Succeeded)
        {
            RequestBodies.TakeLimit(context);
        }

        switch (failure)
        {
            case NpgsqlException away:
                ExceptionDispatchInfo.Throw(away);
                break;
            case AuthorityUnavailableException away:
                Log.AuthorityUnavailable(logger, away.Message);
                await problems.WriteUnavailableAsync(context, RetryAfter, detail: "The authority that issues tokens does not answer.");
                break;
            default:
                if (authorizeResult.Forbidden)
                {
                    context.Response.Headers.Append(
                        HeaderNames.WWWAuthenticate, $"Bearer error=\"insufficient_scope\", scope=\"{string.Join(' ', Missing(context))}\"");
                }

                await _platform.HandleAsync(next, context, policy, authorizeResult);
                break;
        }
    }

    private static string[] Missing(HttpContext context) =>
    [
        .. (context.GetEndpoint()?.Metadata.GetOrderedMetadata<IAuthorizeData>() ?? [])
            .Select(required => required.Policy).OfType<string>().Where(scope => !context.User.HasScope(scope)),
    ];

    private static partial class Log
    {
        [LoggerMessage(7030, LogLevel.Warning, "A token could not be checked, and was answered 503: {Reason}. Check Authentication:Schemes:Bearer.")]
        public static partial void AuthorityUnavailable(ILogger logger, string reason);
    }
}
