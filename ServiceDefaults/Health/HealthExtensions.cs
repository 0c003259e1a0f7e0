using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.ServiceDefaults.Health;

internal static class HealthExtensions
{
    /// <summary>The tag of the checks of <c>/alive</c>. They must not depend on another process, or an outage would restart every service.</summary>
    private const string Live = "live";

    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(5);

    public static void AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [Live]);

        // A server that accepts connections and never answers must not block /health.
        services.PostConfigure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations)
            {
                var create = check.Factory;
                check.Factory = services => new BoundedHealthCheck(create(services));
                if (check.Timeout == Timeout.InfiniteTimeSpan)
                {
                    check.Timeout = CheckTimeout;
                }
            }
        });
    }

    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        Map(DefaultEndpoints.Health, _ => true);
        Map(DefaultEndpoints.Alive, check => check.Tags.Contains(Live));

        void Map(string path, Func<HealthCheckRegistration, bool> predicate) => endpoints
            .MapHealthChecks(path, new() { Predicate = predicate, ResponseWriter = HealthReportWriter.WriteAsync })
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]))
            .AllowAnonymous()
            .DisableHttpMetrics();
    }
}
