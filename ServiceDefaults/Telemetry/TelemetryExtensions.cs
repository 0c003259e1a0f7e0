using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace FanOut.ServiceDefaults.Telemetry;

internal static class TelemetryExtensions
{
    /// <summary>Every source and meter of this solution; <c>FanOut.EventBus</c> is one of them.</summary>
    private const string OwnSources = "FanOut.*";

    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        // The platform carries trace contexts by itself; OpenTelemetry's default would add tracestate and baggage to every request, also those to
        // other companies.
        Sdk.SetDefaultTextMapPropagator(new TraceContextPropagator());

        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });

        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => Describe(resource, builder.Environment))
            .WithMetrics(metrics => metrics
                .AddMeter(OwnSources, "Polly")
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddPrometheusExporter())
            .WithTracing(tracing => tracing
                .SetSampler(new QuietSampler(ConfiguredSampler.From(builder.Configuration)))
                .AddSource(OwnSources)
                .AddAspNetCoreInstrumentation(options => options.Filter = context => !DefaultEndpoints.Serves(context.Request.Path))
                // The path of a webhook's URL often has a token.
                .AddHttpClientInstrumentation(options => options.EnrichWithHttpRequestMessage = (activity, request) =>
                    activity.SetTag("url.full", request.RequestUri?.GetLeftPart(UriPartial.Authority))));

        if (!string.IsNullOrWhiteSpace(builder.Configuration[OtlpEndpoint]))
        {
            telemetry.UseOtlpExporter();
        }
    }

    private static void Describe(ResourceBuilder resource, IHostEnvironment environment)
    {
        var version = Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

        // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come last and win: the orchestrator knows the resource's name and instance.
        resource.AddService(environment.ApplicationName, serviceVersion: version, serviceInstanceId: Guid.NewGuid().ToString())
            .AddEnvironmentVariableDetector();
    }
}
