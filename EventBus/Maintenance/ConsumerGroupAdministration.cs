using FanOut.EventBus.Groups;
using Microsoft.Extensions.Logging;

namespace FanOut.EventBus;

/// <summary>Administers the consumer groups of one stream.</summary>
public sealed partial class ConsumerGroupAdministration
{
    private static readonly string WorkersSql = EmbeddedText.Read("Maintenance.list_workers.sql");

    private readonly StreamName _stream;
    private readonly StreamCatalog _catalog;
    private readonly ConsumerGroups _groups;
    private readonly ILogger<ConsumerGroupAdministration> _logger;

    internal ConsumerGroupAdministration(
        StreamName stream, StreamCatalog catalog, ConsumerGroups groups, ILogger<ConsumerGroupAdministration> logger) =>
        (_stream, _catalog, _groups, _logger) = (stream, catalog, groups, logger);

    /// <summary>
    /// Pauses a group: within about three seconds its workers end the batch at hand, and then neither read new events nor retry failed ones, until
    /// it is resumed. That outlives restarts of everything. Nothing is lost or counted as a delivery, and the group goes on where it was. Pausing a
    /// paused group changes nothing. A worker that runs a version without pauses goes on.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="by">Who pauses it: people see it where they look for why the group does not work.</param>
    /// <param name="cancellationToken">Cancels the operation; it may be repeated.</param>
    /// <returns>Since when and by whom it is paused: the first who did; null where it is not registered.</returns>
    /// <exception cref="ArgumentException"><paramref name="by"/> is empty.</exception>
    /// <exception cref="Npgsql.NpgsqlException">Postgres is not available.</exception>
    public async Task<GroupPause?> PauseAsync(GroupName group, string by, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(by);
        if (await _groups.PauseAsync(await _catalog.GetAsync(_stream, cancellationToken), group, by, cancellationToken) is not var (at, first))
        {
            return null;
        }

        Log.Paused(_logger, group, _stream, by);
        return new GroupPause(at, first);
    }

    /// <summary>Lets a paused group go on, within about three seconds. Resuming a group that is not paused changes nothing.</summary>
    /// <param name="group">The group.</param>
    /// <param name="by">Who resumes it, for the log.</param>
    /// <param name="cancellationToken">Cancels the operation; it may be repeated.</param>
    /// <returns>Whether it is registered.</returns>
    /// <exception cref="ArgumentException"><paramref name="by"/> is empty.</exception>
    /// <exception cref="Npgsql.NpgsqlException">Postgres is not available.</exception>
    public async Task<bool> ResumeAsync(GroupName group, string by, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(by);
        if (!await _groups.ResumeAsync(await _catalog.GetAsync(_stream, cancellationToken), group, cancellationToken))
        {
            return false;
        }

        Log.Resumed(_logger, group, _stream, by);
        return true;
    }

    /// <summary>The processes that run a group, and those that were seen within a day, at most 1,000: those that run first, by name.</summary>
    /// <param name="group">The group.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null where the group is not registered.</returns>
    /// <exception cref="Npgsql.NpgsqlException">Postgres is not available.</exception>
    public async Task<IReadOnlyList<GroupWorker>?> ListWorkersAsync(GroupName group, CancellationToken cancellationToken = default)
    {
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        var rows = await _groups.Postgres.QueryAsync(
            WorkersSql,
            [stream.Id, group.Value],
            row => row.Get<string?>("name") is not { } name ? null : new GroupWorker(
                name,
                Enum.Parse<WorkerState>(row.Get<string>("state")),
                row.Get<string?>("reason"),
                row.Get<int>("lanes"),
                row.Get<double>("rate"),
                row.Get<DateTimeOffset>("started_at"),
                row.Get<DateTimeOffset>("seen_at")),
            cancellationToken);
        return rows.Count == 0 ? null : [.. rows.OfType<GroupWorker>()];
    }

    /// <summary>
    /// Removes a group for good, with its progress, its retry queue and its dead letters, in Postgres and in Redis. The stream and the
    /// outbox are trimmed and pruned from then on where only this group needed them. Stop its workers first: one that still runs fails,
    /// and registers the group again when it restarts.
    /// </summary>
    /// <param name="group">The group.</param>
    /// <param name="cancellationToken">Cancels the operation; it may be repeated.</param>
    /// <returns>Whether it was registered.</returns>
    /// <exception cref="Npgsql.NpgsqlException">Postgres is not available.</exception>
    /// <exception cref="StackExchange.Redis.RedisException">
    /// Redis is not available. The group is no longer registered then; repeat the call to remove it from Redis too.
    /// </exception>
    public async Task<bool> UnregisterAsync(GroupName group, CancellationToken cancellationToken = default) =>
        await _groups.UnregisterAsync(await _catalog.GetAsync(_stream, cancellationToken), group, cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(570, LogLevel.Information, "Group '{Group}' of stream '{Stream}' is to pause, says {By}.")]
        public static partial void Paused(ILogger logger, GroupName group, StreamName stream, string by);

        [LoggerMessage(571, LogLevel.Information, "Group '{Group}' of stream '{Stream}' is to go on, says {By}.")]
        public static partial void Resumed(ILogger logger, GroupName group, StreamName stream, string by);
    }
}
