using FanOut.EventBus.Groups;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Raises how far a group is done over what its committed transactions have taken, up to a horizon below which no order can commit any more. It walks
/// in bounded steps from where the group is, over the inbox' ranges and the holes between them, never over the events. Any number of replicas may: a
/// step that finds the group elsewhere changes nothing.
/// </summary>
internal sealed partial class DoneThrough(NpgsqlDataSource postgres, RegisteredGroup group, TimeProvider time, ILogger<DoneThrough> logger)
{
    private const long Step = 100_000;
    private const long MaxStep = 16_000_000;
    private static readonly TimeSpan StaleInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WarnAfter = TimeSpan.FromMinutes(10);
    private static readonly string RaiseSql = EmbeddedText.Read("Maintenance.raise_done_through.sql");
    private static readonly string ReadSql = EmbeddedText.Read("Maintenance.read_done_through.sql");
    private static readonly string StaleSql = EmbeddedText.Read("Maintenance.delete_stale_ranges.sql");

    private Horizon? _horizon;
    private long _drawn;
    private bool _isWarned;
    private long? _staleDeleted;

    /// <summary>Raises as far as the horizon of an earlier pass allows, and draws the next one.</summary>
    public async Task PassAsync(CancellationToken cancellationToken)
    {
        if (_staleDeleted is not { } last || time.GetElapsedTime(last) >= StaleInterval)
        {
            await postgres.ExecuteAsync(StaleSql, [group.Id], cancellationToken);
            _staleDeleted = time.GetTimestamp();
        }

        if (_horizon is not { } horizon || await RaiseToAsync(horizon, cancellationToken))
        {
            _horizon = await Horizon.DrawAsync(group.Stream, postgres, cancellationToken);
            (_drawn, _isWarned) = (time.GetTimestamp(), false);
        }
    }

    /// <summary>How far the group is done; null where it is not registered any more.</summary>
    public static async Task<long?> ReadAsync(NpgsqlDataSource postgres, RegisteredGroup group, CancellationToken cancellationToken) =>
        (long?)await postgres.ScalarAsync(ReadSql, [group.Id], cancellationToken);

    /// <returns>Whether the horizon is of no more use.</returns>
    private async Task<bool> RaiseToAsync(Horizon horizon, CancellationToken cancellationToken)
    {
        if (await ReadAsync(postgres, group, cancellationToken) is not { } from)
        {
            return true;
        }

        for (var step = Step; from < horizon.Position;)
        {
            var to = Math.Min(from + step, horizon.Position);
            var raised = await RaiseAsync(horizon, from, to, cancellationToken);
            if (!raised.IsSameServer)
            {
                return true;
            }

            WarnOfOldTransaction(raised.IsDecided);
            if (raised.DoneThrough != to)
            {
                // Something is missing, the horizon is not decided, or another replica has raised it meanwhile.
                return false;
            }

            // Over what has been pruned it goes fast.
            step = raised.Events == 0 ? Math.Min(step * 2, MaxStep) : Step;
            from = to;
        }

        return true;
    }

    private async Task<Raised> RaiseAsync(Horizon horizon, long from, long to, CancellationToken cancellationToken)
    {
        var xid = new NpgsqlParameter { Value = horizon.Xid, NpgsqlDbType = NpgsqlDbType.Xid8 };
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("select set_config('jit', 'off', true), set_config('lock_timeout', '2000', true)"),
                new NpgsqlBatchCommand(group.Stream.Sql(RaiseSql)).With(group.Id, from, to, xid, horizon.ServerStarted),
            },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new Raised(
            reader.Get<bool>("is_same_server"), reader.Get<bool>("is_decided"), reader.Get<long?>("done_through"), reader.Get<long>("events"));
    }

    private void WarnOfOldTransaction(bool isDecided)
    {
        if (!isDecided && !_isWarned && time.GetElapsedTime(_drawn) > WarnAfter)
        {
            Log.OldTransaction(logger, group.Name, group.Stream.Name, WarnAfter);
            _isWarned = true;
        }
    }

    private readonly record struct Raised(bool IsSameServer, bool IsDecided, long? DoneThrough, long Events);

    private static partial class Log
    {
        [LoggerMessage(530, LogLevel.Warning,
            "The progress of group '{Group}' of stream '{Stream}' has not been recorded for {Time}, because a transaction that writes has been "
            + "open for as long somewhere on the Postgres server. Events are handled; inbox and outbox grow meanwhile. "
            + "Look for the oldest backend_xid in pg_stat_activity, and in pg_prepared_xacts.")]
        public static partial void OldTransaction(ILogger logger, GroupName group, StreamName stream, TimeSpan time);
    }
}
