using FanOut.EventBus.Groups;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Drops partitions of a stream's outbox that every group is done with and that are old enough. A partition is detached concurrently first,
/// which waits for transactions that use the outbox and holds up nobody; a plain DROP would hold up every order. A detach that was
/// interrupted is finished by a later pass. A lock lets one replica at a time in; without it one of them would merely fail. A transaction
/// beside the detach holds it, because the detach can be in none.
/// </summary>
internal sealed partial class OutboxPruner(
    NpgsqlDataSource postgres, ConsumerGroups groups, StreamIdentity stream, TimeSpan keepFor, TimeProvider time, ILogger<OutboxPruner> logger)
{
    /// <summary>How long one statement may wait. What is open for longer is met again in a later pass.</summary>
    private const int MaxWaitSeconds = 20;

    private static readonly TimeSpan WarnInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan MinWarnAge = TimeSpan.FromHours(1);
    private long? _warned;

    public async Task PassAsync(CancellationToken cancellationToken)
    {
        await using var holder = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await holder.BeginTransactionAsync(cancellationToken);
        await using (var begin = new NpgsqlBatch(holder, transaction))
        {
            begin.BatchCommands.Add(new NpgsqlBatchCommand(
                "select pg_try_advisory_xact_lock(hashtextextended('fanout.prune_outbox', $1))").With((long)stream.Id));

            // Without a statement after the query, this transaction would keep the query's snapshot, and the detach would wait for it.
            begin.BatchCommands.Add(new("set local idle_in_transaction_session_timeout = '10min'"));
            if (await begin.ExecuteScalarAsync(cancellationToken) is not true)
            {
                return;
            }
        }

        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await PruneAsync(connection, cancellationToken);
    }

    private async Task PruneAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var partitions = await OutboxPartition.ListAsync(connection, stream, cancellationToken);
        var registered = await groups.LoadAsync(stream, cancellationToken);

        // Without a group everything stays, for the one that will be registered.
        var lowest = registered.Select(group => group.DoneThrough).DefaultIfEmpty(0).Min();
        foreach (var partition in partitions)
        {
            var newest = await partition.ReadNewestAsync(connection, cancellationToken);
            var last = partition.PastLast - 1 ?? newest?.Position ?? 0;

            // Strictly below: the newest event stays, for the relay looks for it when a group that was registered since has done nothing yet.
            if (last >= lowest)
            {
                WarnOfHolders(registered, last, newest?.Age);
                return;
            }

            if (newest?.Age < keepFor)
            {
                return;
            }

            // One that is detached already was left by a pass that ended before it dropped it.
            if (partition.PastLast is not null)
            {
                var how = partition.IsDetachPending ? "finalize" : "concurrently";
                await RunAsync(connection, $"alter table {stream.OutboxTable} detach partition bus.{partition.Name} {how}", cancellationToken);
            }

            await RunAsync(connection, $"drop table if exists bus.{partition.Name}", cancellationToken);
            Log.Dropped(logger, stream.Name, partition.Name);
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = MaxWaitSeconds };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private void WarnOfHolders(IReadOnlyList<RegisteredGroup> registered, long position, TimeSpan? age)
    {
        if (age > 2 * keepFor && age > MinWarnAge && (_warned is not { } last || time.GetElapsedTime(last) >= WarnInterval))
        {
            _warned = time.GetTimestamp();
            var holders = registered.Where(group => group.DoneThrough < position).Select(group => $"'{group.Name}'");
            Log.Held(logger, stream.Name, age.Value, registered.Count == 0 ? "no registered group" : string.Join(", ", holders));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(551, LogLevel.Information, "Stream '{Stream}': dropped outbox partition bus.{Partition}, which every group is done with.")]
        public static partial void Dropped(ILogger logger, StreamName stream, string partition);

        [LoggerMessage(552, LogLevel.Warning,
            "The outbox of stream '{Stream}' keeps events that are {Age} old, for: {Groups}. "
            + "Start the workers of these groups, or unregister a group that is not wanted any more.")]
        public static partial void Held(ILogger logger, StreamName stream, TimeSpan age, string groups);
    }
}
