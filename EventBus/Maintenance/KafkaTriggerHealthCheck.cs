using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.EventBus.Maintenance;

/// <summary>A note, never a fault: a stream that has outgrown Redis still works.</summary>
internal sealed class KafkaTriggerHealthCheck(KafkaTrigger trigger) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        => Task.FromResult(HealthCheckResult.Healthy(trigger.Latest?.Note ?? "Not evaluated yet."));
}
