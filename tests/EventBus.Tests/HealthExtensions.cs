using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.EventBus.Tests;

internal static class HealthExtensions
{
    public static HealthCheckService GetHealthChecks(this IServiceProvider services) => services.GetRequiredService<HealthCheckService>();
}
