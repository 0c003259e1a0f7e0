using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.ServiceDefaults.WorkQueues;

/// <summary>How tables in Postgres are cleaned up, and a queue is measured.</summary>
/// <param name="Steps">Statements that delete what is older than $1, at most $2 rows at a time.</param>
/// <param name="Retention">How long rows are kept.</param>
/// <param name="Interval">How often this is done.</param>
/// <param name="Measure">A statement that returns the size of the backlog and how long its oldest row has been due; null where there is none.</param>
/// <param name="Measured">Takes the backlog and its age.</param>
public sealed record Sweep(
    IReadOnlyList<string> Steps, TimeSpan Retention, TimeSpan Interval, string? Measure = null, Action<long, TimeSpan>? Measured = null);

/// <summary>Deletes rows after their retention, in batches, and measures the backlog of a queue. Replicas skip each other's rows.</summary>
public sealed partial class Sweeper(NpgsqlDataSource dataSource, Sweep sweep, TimeProvider time, ILogger<Sweeper> logger) : BackgroundService
{
    private const int BatchSize = 2_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(sweep.Interval, time);
        try
        {
            do
            {
                try
                {
                    await SweepAsync(stoppingToken);
                    if (sweep is { Measure: { } measure, Measured: { } measured })
                    {
                        await MeasureAsync(measure, measured, stoppingToken);
                    }
                }
                catch (Exception e) when (e is NpgsqlException or TimeoutException)
                {
                    Log.SweepFailed(logger, e);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The worker stops.
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var step in sweep.Steps)
        {
            for (var swept = BatchSize; swept == BatchSize;)
            {
                await using var command = dataSource.CreateCommand(step);
                command.Parameters.Add(new() { Value = sweep.Retention });
                command.Parameters.Add(new() { Value = BatchSize });
                swept = await command.ExecuteNonQueryAsync(cancellationToken);
            }
        }
    }

    private async Task MeasureAsync(string measure, Action<long, TimeSpan> measured, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(measure);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        measured(reader.GetInt64(0), reader.GetTimeSpan(1));
    }

    private static partial class Log
    {
        [LoggerMessage(7020, LogLevel.Warning, "Old rows could not be deleted; retrying at the next sweep")]
        public static partial void SweepFailed(ILogger logger, Exception exception);
    }
}
