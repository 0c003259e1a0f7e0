using System.Globalization;
using FanOut.EventBus.Publishing;
using Microsoft.AspNetCore.Diagnostics;

namespace FanOut.OrderApi.Availability;

/// <summary>Answers 503 while Redis is unavailable and the outbox is full.</summary>
internal sealed partial class OutboxFullHandler(IProblemDetailsService problems, ILogger<OutboxFullHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not OutboxFullException full)
        {
            return false;
        }

        Log.OutboxFull(logger, httpContext.Request.Path, full.Message);
        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = Math.Ceiling(full.RetryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        await problems.TryWriteAsync(new()
        {
            HttpContext = httpContext,
            ProblemDetails =
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Title = "Orders are not accepted at the moment.",
                Detail = "The outbox of unpublished events is full. Nothing was written; send the request again later.",
            },
        });
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(2001, LogLevel.Warning, "{Path} was answered 503: {Reason}")]
        public static partial void OutboxFull(ILogger logger, string path, string reason);
    }
}
