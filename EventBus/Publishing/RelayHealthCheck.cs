using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FanOut.EventBus.Publishing;

/// <summary>Readiness only: restarting the process would make neither Redis nor Postgres come back.</summary>
internal sealed class RelayHealthCheck(RelayStatus status, OutboxBacklog backlog) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var data = new Dictionary<string, object> { ["state"] = status.State.ToString(), ["backlog"] = backlog.Events };
        return Task.FromResult(status.State switch
        {
            RelayState.Stopped => HealthCheckResult.Unhealthy($"The relay has stopped: {status.Reason}", data: data),
            RelayState.WaitingForRedis => HealthCheckResult.Degraded($"The relay waits for Redis: {status.Reason}.", data: data),
            RelayState.WaitingForPostgres => HealthCheckResult.Degraded($"The relay waits for Postgres: {status.Reason}.", data: data),
            _ when backlog.IsFull => HealthCheckResult.Degraded("The outbox is full: EventBus:Outbox:MaxBacklog events wait to be published.", data: data),
            _ => HealthCheckResult.Healthy(data: data),
        });
    }
}
