using System.Globalization;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus;

/// <summary>What a group is at, and what it will do later. Reads only; any number of processes may do it.</summary>
public sealed class GroupBacklog
{
    /// <summary>How many rows a page has at most: 1,000.</summary>
    public const int MaxPerPage = 1_000;

    private static readonly string RetriesSql = EmbeddedText.Read("Maintenance.list_retries.sql");
    private static readonly EmbeddedScript PositionsScript = new("Maintenance.read_positions.lua");

    private readonly StreamName _stream;
    private readonly StreamCatalog _catalog;
    private readonly ConsumerGroups _groups;
    private readonly IConnectionMultiplexer _redis;
    private readonly NpgsqlDataSource _postgres;

    internal GroupBacklog(
        StreamName stream, StreamCatalog catalog, ConsumerGroups groups, IConnectionMultiplexer redis, NpgsqlDataSource postgres) =>
        (_stream, _catalog, _groups, _redis, _postgres) = (stream, catalog, groups, redis, postgres);

    /// <summary>Lists entries that are delivered to a group and not acknowledged, oldest first.</summary>
    /// <param name="group">The group.</param>
    /// <param name="limit">How many at most, 1 to <see cref="MaxPerPage"/>.</param>
    /// <param name="after">Only entries behind this id; null for the first page.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The entries; null where the stream has no such group.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is not in its range.</exception>
    /// <exception cref="RedisException">Redis cannot be reached or refuses.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<IReadOnlyList<PendingDelivery>?> ListPendingAsync(
        GroupName group, int limit, string? after, CancellationToken cancellationToken)
    {
        if (await FindAsync(group, limit, cancellationToken) is not { } registered)
        {
            return null;
        }

        var (redis, key) = (_redis.GetDatabase(), StreamKeys.Stream(_stream));
        var pending = await StreamSampler.ReadAsync(redis.StreamPendingMessagesAsync(
            key, group.Value, limit, RedisValue.Null, after is null ? "-" : $"({after}", "+"));
        if (pending is [])
        {
            return [];
        }

        var live = (await StreamSampler.ReadAsync(redis.StreamConsumerInfoAsync(key, group.Value)))
            .Where(consumer => consumer.IdleTimeInMilliseconds < registered.ReclaimAfter.TotalMilliseconds)
            .Select(consumer => consumer.Name)
            .ToHashSet();
        RedisValue[] ranges = [.. pending.SelectMany(entry => new RedisValue[] { entry.MessageId, entry.MessageId, 1 })];
        var reply = (RedisValue[])(await PositionsScript.RunAsync(redis, [key], ranges))!;
        var positions = reply.Chunk(2).ToDictionary(pair => pair[0].ToString(), pair => Parse(pair[1]));
        return
        [
            .. pending.Select(entry => new PendingDelivery(
                entry.MessageId.ToString(),
                positions.GetValueOrDefault(entry.MessageId.ToString()),
                entry.ConsumerName.ToString(),
                live.Contains(entry.ConsumerName.ToString()),
                TimeSpan.FromMilliseconds(entry.IdleTimeInMilliseconds),
                entry.DeliveryCount)),
        ];
    }

    /// <summary>Lists the events of a group that wait in the retry queue, next attempt first.</summary>
    /// <param name="group">The group.</param>
    /// <param name="limit">How many at most, 1 to <see cref="MaxPerPage"/>.</param>
    /// <param name="after">Only events behind this one: its due time and number; null for the first page.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The events; null where the stream has no such group.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is not in its range.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<IReadOnlyList<WaitingEvent>?> ListRetriesAsync(
        GroupName group, int limit, (DateTimeOffset DueAt, long Number)? after, CancellationToken cancellationToken)
    {
        if (await FindAsync(group, limit, cancellationToken) is not { } registered)
        {
            return null;
        }

        var (dueAt, number) = after ?? (DateTimeOffset.UnixEpoch, 0);
        return await _postgres.QueryAsync(
            RetriesSql,
            [registered.Id, dueAt.ToUniversalTime(), number, limit],
            row => new WaitingEvent(
                row.Get<long>("number"),
                row.Get<long?>("position"),
                row.Get<Guid?>("id"),
                row.Get<string>("type"),
                row.Get<string>("subject"),
                row.Get<int>("attempts"),
                registered.MaxDeliveries,
                row.Get<string>("error"),
                row.Get<bool>("is_claimed"),
                row.Get<DateTimeOffset>("due_at"),
                row.Get<DateTimeOffset>("created_at")),
            cancellationToken);
    }

    private async Task<RegisteredGroup?> FindAsync(GroupName group, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxPerPage);
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        return (await _groups.LoadAsync(stream, cancellationToken)).FirstOrDefault(known => known.Name == group);
    }

    private static long? Parse(RedisValue text) =>
        long.TryParse(text.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : null;
}

/// <summary>An entry that is delivered to a group and not acknowledged.</summary>
/// <param name="EntryId">Its id.</param>
/// <param name="Position">The position that it carries; null where it carries none, or is gone from the stream.</param>
/// <param name="Owner">The consumer that has it.</param>
/// <param name="IsOwnerLive">Whether the consumer gave a sign of life within the time after which the reclaimer takes its entries.</param>
/// <param name="Idle">How long ago it was delivered.</param>
/// <param name="Deliveries">How often it was delivered.</param>
public sealed record PendingDelivery(string EntryId, long? Position, string Owner, bool IsOwnerLive, TimeSpan Idle, int Deliveries);

/// <summary>An event that waits in the retry queue of a group.</summary>
/// <param name="Number">The number of its row.</param>
/// <param name="Position">Its position.</param>
/// <param name="EventId">Its id.</param>
/// <param name="Type">Its type.</param>
/// <param name="Subject">Its subject; may be empty.</param>
/// <param name="Attempts">Deliveries that ended in a failure or not at all.</param>
/// <param name="MaxDeliveries">After how many deliveries it becomes a dead letter.</param>
/// <param name="Error">Why it failed last; empty where it did not.</param>
/// <param name="IsClaimed">Whether a worker is at it.</param>
/// <param name="DueAt">When it is due, UTC; of a claimed one, when the claim ends.</param>
/// <param name="CreatedAt">Since when it is in the queue, UTC.</param>
public sealed record WaitingEvent(
    long Number,
    long? Position,
    Guid? EventId,
    string Type,
    string Subject,
    int Attempts,
    int MaxDeliveries,
    string Error,
    bool IsClaimed,
    DateTimeOffset DueAt,
    DateTimeOffset CreatedAt);
