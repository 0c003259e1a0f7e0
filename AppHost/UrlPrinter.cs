using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.AppHost;

/// <summary>Prints the external URLs when every service is healthy. Aspire itself prints the dashboard's login link.</summary>
internal sealed class UrlPrinter(DistributedApplicationModel model, ResourceNotificationService resources, DevelopmentKey key) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var projects = model.GetProjectResources().Where(project => project.TryGetEndpoints(out _)).ToArray();

        // A service that ends meanwhile is restarted, so its end must not end the wait: an exception here would stop the AppHost.
        await Task.WhenAll(projects.Select(project =>
            resources.WaitForResourceHealthyAsync(project.Name, WaitBehavior.WaitOnResourceUnavailable, stoppingToken)));
        await Console.Out.WriteLineAsync("FanOut is up.");
        var external = projects.SelectMany(project => project.GetEndpoints()).Where(endpoint => endpoint.EndpointAnnotation.IsExternal)
            .ToDictionary(endpoint => endpoint.Resource.Name, endpoint => endpoint.Url);
        var secret = await key.ReadAsync(stoppingToken);
        await Console.Out.WriteLineAsync($"""
              Console    {StreamConsole.SignInUrl(external[StreamConsole.Name], secret)}
              Order API  {external["order-api"]}

            List orders, with the key of this system in development:
              curl -s {external["order-api"]}/orders -H 'authorization: Bearer {secret}'
            """);
    }
}

internal static class UrlPrinterExtensions
{
    public static void PrintUrlsWhenHealthy(this IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsRunMode)
        {
            builder.Services.AddHostedService<UrlPrinter>();
        }
    }
}
