using System.Diagnostics;
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
        services.AddProblemDetails(options => options.CustomizeProblemDetails = problem =>
        {
            problem.ProblemDetails.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? problem.HttpContext.TraceIdentifier;
            if (problem.ProblemDetails is HttpValidationProblemDetails invalid)
            {
                RequestErrors.Complete(invalid, problem.HttpContext);
            }
        });
        services.AddExceptionHandler<ExpectedFailureHandler>();
        services.AddTransient<IStartupFilter, ErrorResponsesFilter>();
    }
}
