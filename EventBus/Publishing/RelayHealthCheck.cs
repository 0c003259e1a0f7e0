using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// At most degraded, whatever the relay waits for: the outbox takes events meanwhile, so the process must stay in its load balancer, and a restart
/// would mend nothing.
/// </summary>
internal sealed class RelayHealthCheck(StreamName stream, RelayStatus status, OutboxBacklog backlog) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var data = new Dictionary<string, object> { ["state"] = status.State.ToString(), ["backlog"] = backlog.Events };
        var reason = $"of stream '{stream}': {status.Reason}.";
        return Task.FromResult(status.State switch
        {
            RelayState.Stopped => HealthCheckResult.Degraded($"The relay writes nothing, {reason}", data: data),
            RelayState.WaitingForRedis => HealthCheckResult.Degraded($"The relay waits for Redis, {reason}", data: data),
            RelayState.WaitingForPostgres => HealthCheckResult.Degraded($"The relay waits for Postgres, {reason}", data: data),
            _ when backlog.IsFull => HealthCheckResult.Degraded(
                $"The outbox of stream '{stream}' is full: {OutboxOptions.SectionName}:MaxBacklog events wait to be published.", data: data),
            _ => HealthCheckResult.Healthy(data: data),
        });
    }
}
