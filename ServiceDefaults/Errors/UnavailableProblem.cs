using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace FanOut.ServiceDefaults.Errors;

public static class UnavailableProblem
{
    /// <summary>Answers 503 with Retry-After.</summary>
    public static async ValueTask WriteUnavailableAsync(
        this IProblemDetailsService problems, HttpContext context, TimeSpan retryAfter, string? title = null, string? detail = null)
    {
        ArgumentNullException.ThrowIfNull(problems);
        ArgumentNullException.ThrowIfNull(context);
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = Math.Ceiling(retryAfter.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        await problems.TryWriteAsync(new()
        {
            HttpContext = context,
            ProblemDetails = { Status = context.Response.StatusCode, Title = title, Detail = detail },
        });
    }

    internal static async ValueTask WriteAsync(this IProblemDetailsService problems, HttpContext context, int status, string detail)
    {
        context.Response.StatusCode = status;
        await problems.WriteAsync(new() { HttpContext = context, ProblemDetails = { Status = status, Detail = detail } });
    }
}
