using StackExchange.Redis;

namespace FanOut.Reclaimer;

/// <summary>Says so where Redis refuses or others hold the inbox: to try again helps, and nothing is half done.</summary>
internal sealed class UnavailableFilter : IEndpointFilter
{
    private const string RetryAfterSeconds = "5";

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception e) when (e is RedisServerException or TimeoutException and not RedisTimeoutException)
        {
            context.HttpContext.Response.Headers.RetryAfter = RetryAfterSeconds;
            return TypedResults.Problem(title: "Not possible at this moment.", detail: e.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
