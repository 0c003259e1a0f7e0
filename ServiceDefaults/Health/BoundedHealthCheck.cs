using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.ServiceDefaults.Health;

/// <summary>Ends a check that ignores its timeout: Npgsql waits a minute when it cancels a query on a stalled server.</summary>
internal sealed class BoundedHealthCheck(IHealthCheck inner) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await inner.CheckHealthAsync(context, cancellationToken).WaitAsync(cancellationToken);
}
