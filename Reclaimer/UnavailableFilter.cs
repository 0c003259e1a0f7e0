using StackExchange.Redis;

namespace FanOut.Reclaimer;

/// <summary>Answers 503 if Redis refuses a command: nothing was changed, and a retry helps.</summary>
internal sealed class UnavailableFilter : IEndpointFilter
{
    private const string RetryAfterSeconds = "5";

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (RedisServerException e)
        {
            context.HttpContext.Response.Headers.RetryAfter = RetryAfterSeconds;
            return TypedResults.Problem(title: "Temporarily unavailable.", detail: e.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
