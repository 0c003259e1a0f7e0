using System.Globalization;
using System.Security.Cryptography;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace FanOut.EmbeddedHosting.Running;

/// <summary>The environment a project gets: the same variables that Aspire would set.</summary>
internal sealed class EnvironmentFactory(IConfiguration configuration, IHostEnvironment environment, DistributedApplicationExecutionContext execution)
{
    private readonly string _run = RandomNumberGenerator.GetHexString(8, lowercase: true);

    public async Task<Dictionary<string, string>> CreateAsync(ProjectResource project, string instance, int replica, CancellationToken cancellationToken)
    {
        var variables = new Dictionary<string, object>
        {
            ["OTEL_SERVICE_NAME"] = project.Name,
            ["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={instance}-{_run}",
            ["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory",
            ["LOGGING__CONSOLE__FORMATTERNAME"] = "simple",
            ["LOGGING__CONSOLE__FORMATTEROPTIONS__TIMESTAMPFORMAT"] = "yyyy-MM-ddTHH:mm:ss.fffffff ",
        };
        foreach (var name in (string[])["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_HEADERS"])
        {
            if (configuration[name] is { Length: > 0 } value)
            {
                variables[name] = value;
            }
        }

        if (environment.IsDevelopment())
        {
            variables["OTEL_BLRP_SCHEDULE_DELAY"] = "1000";
            variables["OTEL_BSP_SCHEDULE_DELAY"] = "1000";
            variables["OTEL_METRIC_EXPORT_INTERVAL"] = "1000";
            variables["OTEL_TRACES_SAMPLER"] = "always_on";
            variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
        }

        var endpoints = project.Annotations.OfType<EndpointAnnotation>().ToArray();
        foreach (var endpoint in endpoints)
        {
            if (endpoint.PortVariable is { } name)
            {
                variables[name] = endpoint.Allocated[replica].Port.ToString(CultureInfo.InvariantCulture);
            }
        }

        var urls = endpoints.Where(endpoint => endpoint.UriScheme is "http" or "https").Select(endpoint => endpoint.Allocated[replica].GetLeftPart(UriPartial.Authority));
        if (string.Join(';', urls) is { Length: > 0 } joined)
        {
            variables["ASPNETCORE_URLS"] = joined;
        }

        var context = new EnvironmentCallbackContext(execution, project, variables, cancellationToken);
        foreach (var annotation in project.Annotations.OfType<EnvironmentCallbackAnnotation>().ToArray())
        {
            await annotation.Callback(context);
        }

        var resolved = new Dictionary<string, string>();
        foreach (var (name, value) in variables)
        {
            resolved[name] = value is IValueProvider provider
                ? await provider.GetValueAsync(cancellationToken) ?? ""
                : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        }

        return resolved;
    }

    public async Task<List<string>> ArgumentsAsync(IResource resource, IEnumerable<string> first, CancellationToken cancellationToken)
    {
        var context = new CommandLineArgsCallbackContext([.. first], resource, cancellationToken) { ExecutionContext = execution };
        foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToArray())
        {
            await annotation.Callback(context);
        }

        var arguments = new List<string>();
        foreach (var argument in context.Args)
        {
            arguments.Add(argument is IValueProvider provider
                ? await provider.GetValueAsync(cancellationToken) ?? ""
                : Convert.ToString(argument, CultureInfo.InvariantCulture) ?? "");
        }

        return arguments;
    }
}
