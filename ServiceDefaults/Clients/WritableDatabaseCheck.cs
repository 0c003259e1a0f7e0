using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace FanOut.ServiceDefaults.Clients;

/// <summary>
/// Whether Postgres can be written to. After a failover behind one address, pooled sessions may stay on the demoted node, which answers every query
/// and refuses every write: then the pool is cleared, so that new sessions go to the present primary.
/// </summary>
internal sealed class WritableDatabaseCheck(NpgsqlDataSource postgres) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await using var command = postgres.CreateCommand("show transaction_read_only");
            if ((string?)await command.ExecuteScalarAsync(cancellationToken) == "off")
            {
                return HealthCheckResult.Healthy();
            }
        }
        catch (NpgsqlException e)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, e.Message);
        }

        postgres.Clear();
        return new HealthCheckResult(context.Registration.FailureStatus, "Postgres is read-only: it is a standby, or was made so.");
    }
}
