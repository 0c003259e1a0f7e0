using Microsoft.Extensions.Options;
using Npgsql;

namespace FanOut.WebhookWorker.Retention;

/// <summary>Deletes what is older than the retention, a batch at a time, and measures the backlog. Every replica may: a row that another deletes is skipped.</summary>
internal sealed partial class Sweeper(NpgsqlDataSource dataSource, WebhookMetrics metrics, IOptions<WebhookOptions> options, TimeProvider time, ILogger<Sweeper> logger) : BackgroundService
{
    private const int BatchSize = 2_000;
    private static readonly string MeasureBacklog = EmbeddedSql.Read("Retention.measure_backlog");

    // Deliveries before the events that they refer to.
    private static readonly string[] Steps =
    [
        EmbeddedSql.Read("Retention.cancel_pending"), EmbeddedSql.Read("Retention.delete_deliveries"), EmbeddedSql.Read("Retention.delete_events"),
    ];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SweepInterval, time);
        try
        {
            do
            {
                try
                {
                    await SweepAsync(stoppingToken);
                    await MeasureAsync(stoppingToken);
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
        foreach (var step in Steps)
        {
            for (var swept = BatchSize; swept == BatchSize;)
            {
                await using var command = dataSource.CreateCommand(step);
                command.Parameters.Add(new() { Value = options.Value.Retention });
                command.Parameters.Add(new() { Value = BatchSize });
                swept = await command.ExecuteNonQueryAsync(cancellationToken);
            }
        }
    }

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(MeasureBacklog);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        metrics.Measured(reader.GetInt64(0), reader.GetTimeSpan(1));
    }

    private static partial class Log
    {
        [LoggerMessage(3020, LogLevel.Warning, "Old webhooks could not be cleaned up; trying again at the next turn")]
        public static partial void SweepFailed(ILogger logger, Exception exception);
    }
}
