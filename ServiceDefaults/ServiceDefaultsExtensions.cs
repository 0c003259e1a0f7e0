using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Errors;
using FanOut.ServiceDefaults.Health;
using FanOut.ServiceDefaults.Requests;
using FanOut.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http.Resilience;

namespace Microsoft.Extensions.Hosting;

public static class ServiceDefaultsExtensions
{
    // Time for a lane to finish its batch, and for a dispatcher to finish its request. The orchestrator's limit must be longer.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(30);

    // Where a route sets no other limit.
    private const long MaxBody = 1 << 20;

    // Bytes. A key, a trace and what proxies add take less than 4 KiB.
    private const int MaxHeaders = 16 * 1024;

    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Configuration.AddQuietLogs();
        builder.AddTelemetry();
        builder.Services.AddHealth();
        if (builder is WebApplicationBuilder)
        {
            builder.Services.AddErrorResponses();
            builder.Services.AddAccess();
            builder.Services.AddStrictRequests();
        }

        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            // A POST whose answer was lost may have taken effect.
            http.AddStandardResilienceHandler(options => options.Retry.DisableForUnsafeHttpMethods());
            http.AddServiceDiscovery();
        });

        builder.Services.Configure<KestrelServerOptions>(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = MaxBody;
            options.Limits.MaxRequestHeadersTotalSize = MaxHeaders;
        });
        builder.Services.Configure<HostFilteringOptions>(options => options.AllowedHosts = ["*"]); // BrowserRules also allows addresses.
        if (builder.Configuration["shutdownTimeoutSeconds"] is null)
        {
            builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);
        }

        return builder;
    }

    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseExceptionHandler(); // Once more, inside the platform's page of Development.
        app.UseAuthentication();
        app.UseMiddleware<CallerRates>();
        app.UseAuthorization();
        app.UseMiddleware<UnknownParameters>();
        app.UseMiddleware<RequestBodies>();
        app.UseRequestTimeouts();
        app.UseMiddleware<ActionRecords>();
        app.MapHealth();
        app.MapPrometheusScrapingEndpoint(DefaultEndpoints.Metrics)
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]))
            .RequireScope(Scopes.OpsRead)
            .DisableHttpMetrics();
        return app;
    }
}
