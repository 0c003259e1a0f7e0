using FanOut.EventBus;
using FanOut.ServiceDefaults.Errors;
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
        await problems.WriteUnavailableAsync(
            httpContext,
            full.RetryAfter,
            "Orders are not accepted at the moment.",
            "The outbox of unpublished events is full. Nothing was written; send the request again later.");
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(2001, LogLevel.Warning, "{Path} was answered 503: {Reason}")]
        public static partial void OutboxFull(ILogger logger, string path, string reason);
    }
}
