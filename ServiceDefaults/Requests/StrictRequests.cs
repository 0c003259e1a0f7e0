using System.Text.Json.Serialization;
using FanOut.ServiceDefaults.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FanOut.ServiceDefaults.Requests;

/// <summary>Refuses a request whose form differs from the API document, and ends one that takes too long; the answer names the place.</summary>
internal static class StrictRequests
{
    public static void AddStrictRequests(this IServiceCollection services)
    {
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(options =>
        {
            var json = options.SerializerOptions;
            json.AllowDuplicateProperties = false;
            json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
            json.PropertyNameCaseInsensitive = false;
            json.NumberHandling = JsonNumberHandling.Strict;
            json.RespectNullableAnnotations = true;
            json.RespectRequiredConstructorParameters = true;
        });
        services.AddEndpointsApiExplorer();
        services.AddRequestTimeouts();
        services.AddOptions<RequestTimeoutOptions>().Configure<IOptions<RequestLimits>>((timeouts, limits) => timeouts.DefaultPolicy = new()
        {
            Timeout = limits.Value.Timeout,
            TimeoutStatusCode = StatusCodes.Status504GatewayTimeout,
            WriteTimeoutResponse = context => context.RequestServices.GetRequiredService<IProblemDetailsService>().WriteAsync(
                context,
                StatusCodes.Status504GatewayTimeout,
                $"The request took longer than {limits.Value.Timeout} (Requests:Timeout). Read whether it took effect before you send it again, or "
                + "send it with the same Idempotency-Key.").AsTask(),
        });
        services.AddOptions<RequestLimits>().BindConfiguration(RequestLimits.SectionName).ValidateDataAnnotations().ValidateOnStart();
    }
}
