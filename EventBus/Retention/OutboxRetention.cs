using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace FanOut.EventBus.Retention;

/// <summary>Removes outbox rows and batches that every registered group is verified past, once they are old enough: a few at a time, each in a transaction of its own, and none that anybody waits for.</summary>
internal sealed partial class OutboxRetention(NpgsqlDataSource postgres, IOptions<RetentionOptions> options, TimeProvider time, ILogger<OutboxRetention> logger)
{
    private const int EventsAtOnce = 5_000;
    private const int MostSteps = 100;
    private static readonly string FindSql = EmbeddedText.Read("Retention.find_removable.sql");
    private static readonly string RemoveSql = EmbeddedText.Read("Retention.remove_published.sql");

    /// <returns>How many events were removed from the outbox.</returns>
    public async Task<long> RemoveAsync(StreamName stream, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var find = new NpgsqlCommand(FindSql, connection);
        find.Parameters.AddWithValue(stream.Value);
        find.Parameters.AddWithValue(Math.Max(0, (time.GetUtcNow() - options.Value.KeepOutboxFor).ToUnixTimeMilliseconds()));
        if (await find.ExecuteScalarAsync(cancellationToken) is not long before)
        {
            return 0;
        }

        var removed = 0L;
        for (var steps = 0; steps < MostSteps; steps++)
        {
            await using var remove = new NpgsqlCommand(RemoveSql, connection);
            remove.Parameters.AddWithValue(before);
            remove.Parameters.AddWithValue(EventsAtOnce);
            await using var reader = await remove.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            removed += reader.GetInt64(1);
            if (reader.GetInt64(0) == 0)
            {
                break;
            }
        }

        if (removed > 0)
        {
            Log.Removed(logger, stream, removed);
        }

        return removed;
    }

    private static partial class Log
    {
        [LoggerMessage(555, LogLevel.Debug, "Stream '{Stream}': removed {Count} events from the outbox that every group has finished.")]
        public static partial void Removed(ILogger logger, StreamName stream, long count);
    }
}
