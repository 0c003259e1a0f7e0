using FanOut.EventBus.Groups;

namespace FanOut.EventBus;

/// <summary>Administers the consumer groups of one stream.</summary>
public sealed class ConsumerGroupAdministration
{
    private readonly StreamName _stream;
    private readonly StreamCatalog _catalog;
    private readonly ConsumerGroups _groups;

    internal ConsumerGroupAdministration(StreamName stream, StreamCatalog catalog, ConsumerGroups groups) =>
        (_stream, _catalog, _groups) = (stream, catalog, groups);

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
}
