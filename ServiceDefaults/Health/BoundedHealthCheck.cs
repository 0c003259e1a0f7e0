using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.ServiceDefaults.Health;

/// <summary>Walks away from a check that does not heed its timeout: Npgsql, for one, waits for a minute while it cancels a query on a server that has stalled.</summary>
internal sealed class BoundedHealthCheck(IHealthCheck inner) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        await inner.CheckHealthAsync(context, cancellationToken).WaitAsync(cancellationToken);
}
