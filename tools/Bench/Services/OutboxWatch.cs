using FanOut.Bench.Running;
using Npgsql;

namespace FanOut.Bench.Services;

/// <summary>Sees what waits in the outbox.</summary>
internal sealed class OutboxWatch(NpgsqlDataSource postgres)
{
    private static readonly string CountBacklog = EmbeddedSql.Read("Services.count_backlog.sql");

    public async Task<long> BacklogAsync(CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(CountBacklog);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
