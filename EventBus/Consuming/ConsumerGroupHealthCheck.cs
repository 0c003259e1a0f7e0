using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.EventBus.Consuming;

/// <summary>Degraded while lanes cannot work or the group is paused: the process is well, its surroundings are not.</summary>
internal sealed class ConsumerGroupHealthCheck(ConsumerGroupService service) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(service.PauseReason is { } paused ? HealthCheckResult.Degraded($"Group '{service.Group}': {paused}")
            : service.WaitReasons is [var first, ..] reasons
                ? HealthCheckResult.Degraded($"{reasons.Count} lane(s) of group '{service.Group}' are paused: {first}")
            : HealthCheckResult.Healthy());
}
