using FanOut.EventBus.Groups;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Adds partitions to a stream's outbox ahead of need, so that no order ever finds none: room for six hours at the present rate, and for 16 million
/// events at least. A new one holds an hour of the present rate. A lock of its transaction lets one replica at a time in.
/// </summary>
internal sealed partial class PartitionsAhead(NpgsqlDataSource postgres, StreamIdentity stream, TimeProvider time, ILogger<PartitionsAhead> logger)
{
    private const long Million = 1_000_000;
    private const long MinRoom = 16 * Million;
    private const long MaxSize = 512 * Million;
    private static readonly TimeSpan Room = TimeSpan.FromHours(6);
    private readonly MeanRate _rate = new(TimeSpan.FromMinutes(5));

    public async Task PassAsync(CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var begin = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new("select set_config('lock_timeout', '2000', true)"),
                new NpgsqlBatchCommand($"""
                    select last_value, pg_try_advisory_xact_lock(hashtextextended('fanout.add_outbox_partition', $1)) as is_locked
                    from bus.position_{stream.Id}
                    """).With((long)stream.Id),
            },
        };
        var (last, isLocked) = (0L, false);
        await using (var reader = await begin.ExecuteReaderAsync(cancellationToken))
        {
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            (last, isLocked) = (reader.Get<long>("last_value"), reader.Get<bool>("is_locked"));
        }

        var (perSecond, seen) = _rate.Observe(time.GetElapsedTime(0), last);
        var rate = seen < TimeSpan.FromSeconds(1) ? 0 : perSecond;
        if (isLocked)
        {
            var partitions = await OutboxPartition.ListAsync(connection, stream, cancellationToken);
            var size = RoundUp(Math.Clamp((long)(rate * TimeSpan.FromHours(1).TotalSeconds), Million, MaxSize));
            var needed = last + Math.Max(MinRoom, (long)(rate * Room.TotalSeconds));
            for (var end = partitions.Max(partition => partition.PastLast) ?? 0; end < needed;)
            {
                // Positions may have been skipped, when a database was restored: they need no partitions of their own.
                var pastLast = Math.Max(end, RoundUp(last - Million)) + size;
                await using var add = new NpgsqlCommand("select bus.add_outbox_partition($1, $2, $3)", connection)
                    .With(stream.Id, end, pastLast);
                await add.ExecuteNonQueryAsync(cancellationToken);
                Log.Added(logger, stream.Name, end, pastLast);
                end = pastLast;
            }
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private static long RoundUp(long positions) => (positions + Million - 1) / Million * Million;

    private static partial class Log
    {
        [LoggerMessage(550, LogLevel.Debug, "Stream '{Stream}': added an outbox partition for positions {First} to below {PastLast}.")]
        public static partial void Added(ILogger logger, StreamName stream, long first, long pastLast);
    }
}
