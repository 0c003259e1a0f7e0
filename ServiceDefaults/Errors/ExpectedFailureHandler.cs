using System.Security.Cryptography;
using FanOut.ServiceDefaults.Requests;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.ServiceDefaults.Errors;

/// <summary>Handles bad requests and unavailable servers. Everything else is a 500, which the middleware logs as an error.</summary>
internal sealed partial class ExpectedFailureHandler(IProblemDetailsService problems, ILogger<ExpectedFailureHandler> logger) : IExceptionHandler
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        // Data Protection hides why it cannot read its keys.
        exception = exception is CryptographicException { InnerException: NpgsqlException ring } ? ring : exception;
        switch (exception)
        {
            case BadHttpRequestException bad:
                var problem = bad.StatusCode == 400 ? RequestErrors.ToProblem(RequestErrors.Of(bad))
                    : new ProblemDetails { Detail = bad.Message };
                problem.Status = httpContext.Response.StatusCode = bad.StatusCode;
                await problems.TryWriteAsync(new() { HttpContext = httpContext, ProblemDetails = problem });
                return true;
            case InvalidOperationException { Source: "System.Text.Json.Rethrowable" } when !BrowserRules.IsSafe(httpContext.Request.Method):
                // The serializer has this text as the name of a field that it wants to name in its own exception.
                httpContext.Response.StatusCode = StatusCodes.Status400BadRequest;
                await problems.TryWriteAsync(new() { HttpContext = httpContext, ProblemDetails = RequestErrors.ToProblem(RequestErrors.NotUnicode) });
                return true;
            case NpgsqlException database when IsUnavailable(database):
            case RedisConnectionException or RedisTimeoutException:
                if (exception is PostgresException postgres && IsOfSession(postgres))
                {
                    // The others of the pool are probably like it.
                    httpContext.RequestServices.GetService<NpgsqlDataSource>()?.Clear();
                }

                // Without the stack: during an outage every request logs this, and more would slow the recovery.
                Log.Unavailable(logger, httpContext.Request.Path, exception.Message);
                await problems.WriteUnavailableAsync(httpContext, RetryAfter);
                return true;
            default:
                return false;
        }
    }

    // Besides what Npgsql calls transient: operator intervention, a system error, tables that the first migration has yet to create, and what
    // another session would do. https://www.postgresql.org/docs/current/errcodes-appendix.html
    private static bool IsUnavailable(NpgsqlException exception) =>
        exception.IsTransient || exception.SqlState is ['5', '7', ..] or ['5', '8', ..] or PostgresErrorCodes.UndefinedTable
        || (exception is PostgresException postgres && IsOfSession(postgres));

    // A session on a node that was demoted, or one with statements that were prepared before a migration changed the type of a column (0A000).
    private static bool IsOfSession(PostgresException exception) =>
        exception is { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } or { Routine: "RevalidateCachedQuery" };

    private static partial class Log
    {
        [LoggerMessage(7000, LogLevel.Warning, "{Path} was answered 503: {Reason}")]
        public static partial void Unavailable(ILogger logger, string path, string reason);
    }
}
