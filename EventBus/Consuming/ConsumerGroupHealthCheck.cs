using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.EventBus.Consuming;

/// <summary>Degraded while lanes wait for the environment or the group is paused: the process is well, its surroundings are not.</summary>
internal sealed class ConsumerGroupHealthCheck(ConsumerGroupService service) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var troubles = service.Troubles;
        return Task.FromResult(
            troubles.Count > 0 ? HealthCheckResult.Degraded($"{troubles.Count} lane(s) of group '{service.Group}' wait: {troubles[0].Trouble}")
            : service.IsPaused ? HealthCheckResult.Degraded($"Group '{service.Group}' has more entries pending than EventBus:Consumer:PauseAbove and reads nothing new.")
            : HealthCheckResult.Healthy());
    }
}
