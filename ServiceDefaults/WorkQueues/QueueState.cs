using Npgsql;

namespace FanOut.ServiceDefaults.WorkQueues;

/// <summary>A queue in Postgres now: what is pending, how many failed in the last day, and what ended per second in the last minute.</summary>
public sealed record QueueState(long Pending, long Failed, double OverdueSeconds, double Rate, double FailedRate)
{
    // So that the cost does not grow with the queue.
    private const int MaxCounted = 50_000;

    /// <param name="dataSource">The database.</param>
    /// <param name="summarize">A statement that returns <c>pending</c>, <c>failed</c> and <c>overdue</c> (seconds), how many have
    /// <c>ended_lately</c> and <c>failed_lately</c>, and in how many <c>seconds</c>; each count at most $1.</param>
    /// <param name="metrics">The queue's metrics: if more is pending than is counted, the number is that of the last sweep.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    public static async Task<QueueState> ReadAsync(
        NpgsqlDataSource dataSource, string summarize, QueueMetrics metrics, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        ArgumentNullException.ThrowIfNull(metrics);
        await using var command = dataSource.CreateCommand(summarize);
        command.Parameters.Add(new() { Value = MaxCounted });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var pending = reader.GetInt64(reader.GetOrdinal("pending"));
        var seconds = reader.GetDouble(reader.GetOrdinal("seconds"));
        return new(
            pending < MaxCounted ? pending : Math.Max(pending, metrics.Backlog),
            reader.GetInt64(reader.GetOrdinal("failed")),
            reader.GetDouble(reader.GetOrdinal("overdue")),
            reader.GetInt64(reader.GetOrdinal("ended_lately")) / seconds,
            reader.GetInt64(reader.GetOrdinal("failed_lately")) / seconds);
    }
}
