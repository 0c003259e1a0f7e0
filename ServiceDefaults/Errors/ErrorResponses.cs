using System.Diagnostics;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.ServiceDefaults.Errors;

/// <summary>Every error is an RFC 9457 problem with a trace id, without internals of the service.</summary>
internal static class ErrorResponses
{
    public static void AddErrorResponses(this IServiceCollection services)
    {
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails(options => options.CustomizeProblemDetails = problem =>
        {
            problem.ProblemDetails.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? problem.HttpContext.TraceIdentifier;
            if (problem.ProblemDetails is HttpValidationProblemDetails invalid)
            {
                RequestErrors.Complete(invalid, problem.HttpContext);
            }

            problem.ProblemDetails.Detail ??= DetailOf(problem.HttpContext);
        });
        services.AddExceptionHandler<ExpectedFailureHandler>();
        services.AddTransient<IStartupFilter, ErrorResponsesFilter>();
    }

    private static string? DetailOf(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => "Nothing has this path.",
        StatusCodes.Status405MethodNotAllowed =>
            $"{context.Request.Method} is not one of the methods of this path: {context.Response.Headers.Allow}.",
        _ => AccessResults.ReasonOf(context),
    };
}
