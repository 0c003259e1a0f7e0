using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace FanOut.Chaos.Deployments;

/// <summary>Hosts of the event bus in this process, without logs.</summary>
internal static class Hosts
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(30);

    public static HostApplicationBuilder Create(IConnectionMultiplexer redis, NpgsqlDataSource postgres)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "chaos" });
        builder.Services.AddMetrics();
        builder.Services.AddLogging();
        builder.Services.AddSingleton(redis);
        builder.Services.AddSingleton(postgres);
        return builder;
    }

    public static Task<HealthReport> HealthAsync(IHost host, CancellationToken cancellationToken) =>
        host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(cancellationToken);

    public static Task UntilHealthyAsync(IHost host, CancellationToken cancellationToken) => Until.TrueAsync(
        async () => (await HealthAsync(host, cancellationToken)).Status == HealthStatus.Healthy,
        Timeout,
        "a group of chaos to be healthy",
        cancellationToken);

    public static async Task StopAsync(IHost host)
    {
        using var timeout = new CancellationTokenSource(StopTimeout, TimeProvider.System);
        await host.StopAsync(timeout.Token);
        host.Dispose();
    }
}
