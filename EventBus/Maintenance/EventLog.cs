using System.Globalization;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Maintenance;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Retrying;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;
using static FanOut.EventBus.PostgresExtensions;

namespace FanOut.EventBus;

/// <summary>
/// The events of a stream as the outbox has them, and the way of each through the groups. Reads only; any number of processes may do it. However many
/// events there are, a call reads a bounded number of them.
/// </summary>
public sealed class EventLog
{
    /// <summary>How many events <see cref="ListAsync"/> returns at most: 1,000.</summary>
    public const int MaxPerPage = 1_000;

    /// <summary>How many events one search looks at, at most: 50,000.</summary>
    public const int MaxPerSearch = 50_000;

    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);
    private static readonly string SearchSql = EmbeddedText.Read("Maintenance.search_events.sql");
    private static readonly string EndsSql = EmbeddedText.Read("Maintenance.read_outbox_ends.sql");
    private static readonly string PositionSql = EmbeddedText.Read("Maintenance.find_position_at.sql");
    private static readonly string NearSql = EmbeddedText.Read("Maintenance.find_events_near.sql");
    private static readonly string FindSql = EmbeddedText.Read("Maintenance.find_event.sql");
    private static readonly string DeliveriesSql = EmbeddedText.Read("Maintenance.find_deliveries.sql");
    private static readonly EmbeddedScript PositionsScript = new("Maintenance.read_positions.lua");
    private static readonly EmbeddedScript EntryScript = new("Maintenance.find_entry.lua");

    private readonly StreamName _stream;
    private readonly StreamCatalog _catalog;
    private readonly IConnectionMultiplexer _redis;
    private readonly NpgsqlDataSource _postgres;

    internal EventLog(StreamName stream, StreamCatalog catalog, IConnectionMultiplexer redis, NpgsqlDataSource postgres) =>
        (_stream, _catalog, _redis, _postgres) = (stream, catalog, redis, postgres);

    /// <summary>For how long one search looks at events.</summary>
    internal TimeSpan MaxSearch { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Lists events, newest first. It looks at <see cref="MaxPerSearch"/> events and for about 200 milliseconds at most: a page may hold fewer
    /// events than asked for, or none, and still have a next one.
    /// </summary>
    /// <param name="filter">Which.</param>
    /// <param name="limit">How many at most, 1 to <see cref="MaxPerPage"/>.</param>
    /// <param name="before">Only those with a lower position: <see cref="LoggedEventPage.Next"/> of the page before; null for the first page.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A page.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is not in its range.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<LoggedEventPage> ListAsync(EventLogFilter filter, int limit, long? before, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, MaxPerPage);
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        var (oldest, oldestAt, newest) = (await _postgres.QueryAsync(
            stream.Sql(EndsSql),
            [],
            row => (row.Get<long>("oldest"), row.Get<DateTimeOffset?>("oldest_at"), row.Get<long>("newest")),
            cancellationToken)).Single();
        object[] values =
        [
            (before ?? long.MaxValue) - 1, NullableText(filter.Type), NullableText(filter.Subject),
            Nullable(NpgsqlDbType.Array | NpgsqlDbType.Text, filter.Text is null ? null : DataPattern.Of(filter.Text)),
            MaxPerSearch, MaxSearch, limit + 1,
        ];
        await using var command = _postgres.CreateCommand(stream.Sql(SearchSql)).With(values);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var events = new List<LoggedEvent>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var found = Read(reader);
            var isLate = reader.Get<bool>("is_late");
            if (isLate || events.Count == limit)
            {
                // What comes next begins with this one.
                return Page(found.Position + 1, found.RecordedAt);
            }

            if (reader.Get<bool>("is_match"))
            {
                events.Add(found);
            }

            if (reader.Get<bool>("is_last"))
            {
                return Page(found.Position, found.RecordedAt);
            }
        }

        return Page(oldest, oldestAt);

        LoggedEventPage Page(long end, DateTimeOffset? endAt) =>
            new(events, newest, oldest, end, endAt, end > oldest ? end : null);
    }

    /// <summary>Finds the newest event that was written at a time or before.</summary>
    /// <param name="time">The time.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its position; 0 where there is none.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<long> FindPositionAsync(DateTimeOffset time, CancellationToken cancellationToken) =>
        await FindPositionAsync(await _catalog.GetAsync(_stream, cancellationToken), time, cancellationToken);

    /// <summary>Finds the event with an id, near the time that the id holds: at most ten seconds and 50,000 events from there.</summary>
    /// <param name="id">The id. Only UUIDs of version 7 hold a time.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its position; null where it is not there.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<long?> FindPositionAsync(Guid id, CancellationToken cancellationToken) =>
        await FindNearAsync(id, id, null, cancellationToken) is [var position, ..] ? position : null;

    /// <summary>Finds where an entry of the stream stands in the outbox.</summary>
    /// <param name="entryId">The entry's id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>
    /// The position that the entry carries; where the entry is gone, that of the newest event that was written at the time of the id or before.
    /// </returns>
    /// <exception cref="FormatException"><paramref name="entryId"/> is not an id such as <c>1700000000000-0</c>.</exception>
    /// <exception cref="RedisException">Redis cannot be reached or refuses.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<long> FindPositionAsync(string entryId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(entryId);
        if (TimeOfEntry(entryId) is not { } time)
        {
            throw new FormatException($"'{entryId}' is not the id of an entry, such as 1700000000000-0.");
        }

        var found = (RedisValue[])(await PositionsScript.RunAsync(_redis.GetDatabase(), [StreamKeys.Stream(_stream)], [entryId, entryId, 1]))!;
        return found is [_, var text] && long.TryParse(text.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position
            : await FindPositionAsync(time, cancellationToken);
    }

    /// <summary>
    /// Finds the events about a subject that is a UUID of version 7, near the time that it holds: at most ten seconds and 50,000 events from there.
    /// </summary>
    /// <param name="subject">The subject.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Their positions, lowest first, at most 10.</returns>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public Task<IReadOnlyList<long>> FindSubjectAsync(Guid subject, CancellationToken cancellationToken) =>
        FindNearAsync(subject, null, subject.ToString(), cancellationToken);

    /// <summary>Finds an event, and asks how each group stands with it.</summary>
    /// <param name="position">Its position.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>All that is known of it; null where the outbox does not have it.</returns>
    /// <exception cref="RedisException">Redis cannot be reached or refuses.</exception>
    /// <exception cref="NpgsqlException">Postgres cannot be reached or refuses.</exception>
    public async Task<LoggedEventDetails?> FindAsync(long position, CancellationToken cancellationToken)
    {
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        var found = await _postgres.QueryAsync(
            stream.Sql(FindSql),
            [position],
            row => (Event: Read(row), Fields: DeadLetterRow.ReadFields(row), TraceParent: row.Get<string?>("traceparent")),
            cancellationToken);
        if (found is not [var (logged, fields, traceParent)])
        {
            return null;
        }

        // Redis first: what is acknowledged meanwhile was committed before, and is done when Postgres is asked.
        var redis = _redis.GetDatabase();
        var isPublished = (long?)await redis.HashGetAsync(StreamKeys.Relay(_stream), "position") >= position
            && !(await redis.HashGetAllAsync(StreamKeys.Gaps(_stream))).Any(gap => (long)gap.Name <= position && position <= (long)gap.Value);
        var entry = (string?)await EntryScript.RunAsync(redis, [StreamKeys.Stream(_stream)], [position]);
        var pending = await ReadPendingAsync(redis, entry, cancellationToken);
        var deliveries = await _postgres.QueryAsync(
            DeliveriesSql, [stream.Id, position], row => ReadDelivery(row, pending), cancellationToken);
        return new LoggedEventDetails(
            logged,
            fields.Single(field => field.Name == Wire.EventFields.Data).Value,
            [.. fields.Where(field => field.Name != Wire.EventFields.Data)
                .Select(field => new DeadLetterField(field.Name.ToString(), (ReadOnlyMemory<byte>)field.Value))],
            traceParent?.Split('-') is [_, { Length: 32 } trace, ..] ? trace : null,
            isPublished || entry is not null,
            entry,
            deliveries);
    }

    /// <summary>The time that the id of an entry holds.</summary>
    /// <param name="entryId">The id.</param>
    /// <returns>Null where it is no id of an entry, or of a time that is none.</returns>
    public static DateTimeOffset? TimeOfEntry(string entryId) =>
        entryId?.Split('-') is [var time, var sequence]
        && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
        && ulong.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            ? TimeOf(milliseconds)
            : null;

    /// <summary>The time that a UUID of version 7 holds.</summary>
    /// <param name="id">The UUID.</param>
    /// <returns>Null where it is of another version.</returns>
    public static DateTimeOffset? TimeOfId(Guid id) =>
        id.Version == 7 ? TimeOf(long.Parse(id.ToString("n").AsSpan(0, 12), NumberStyles.HexNumber, CultureInfo.InvariantCulture)) : null;

    private static DateTimeOffset? TimeOf(long milliseconds) =>
        milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;

    private async Task<long> FindPositionAsync(StreamIdentity stream, DateTimeOffset time, CancellationToken cancellationToken) =>
        (long)(await _postgres.ScalarAsync(stream.Sql(PositionSql), [time.ToUniversalTime()], cancellationToken))!;

    private async Task<IReadOnlyList<long>> FindNearAsync(Guid timeOf, Guid? id, string? subject, CancellationToken cancellationToken)
    {
        if (TimeOfId(timeOf) is not { } time)
        {
            return [];
        }

        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        var from = await FindPositionAsync(stream, time - ClockSkew, cancellationToken);
        object[] values = [Nullable(NpgsqlDbType.Uuid, id), NullableText(subject), from, MaxPerSearch];
        return await _postgres.QueryAsync(stream.Sql(NearSql), values, row => row.Get<long>("position"), cancellationToken);
    }

    private async Task<Dictionary<string, StreamPendingMessageInfo>> ReadPendingAsync(
        IDatabase redis, string? entry, CancellationToken cancellationToken)
    {
        var pending = new Dictionary<string, StreamPendingMessageInfo>();
        if (entry is null)
        {
            return pending;
        }

        var key = StreamKeys.Stream(_stream);
        foreach (var group in await StreamSampler.ReadAsync(redis.StreamGroupInfoAsync(key)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var found = await StreamSampler.ReadAsync(redis.StreamPendingMessagesAsync(key, group.Name, 1, RedisValue.Null, entry, entry));
            if (found is [var message])
            {
                pending[group.Name] = message;
            }
        }

        return pending;
    }

    private static LoggedEvent Read(NpgsqlDataReader row) => new(
        row.Get<long>("position"),
        row.Get<Guid>("id"),
        row.Get<string>("type"),
        row.Get<string>("source"),
        row.Get<string>("subject"),
        row.Get<DateTimeOffset>("time"),
        row.Get<DateTimeOffset>("created_at"),
        row.Get<int>("size"));

    private static EventDelivery ReadDelivery(NpgsqlDataReader row, Dictionary<string, StreamPendingMessageInfo> pending)
    {
        var group = new GroupName(row.Get<string>("group"));
        if (row.Get<long?>("number") is not { } number)
        {
            return row.Get<bool>("is_taken") ? new EventDelivery(group, EventDeliveryState.Done)
                : pending.TryGetValue(group.Value, out var entry)
                    ? new EventDelivery(group, EventDeliveryState.Pending, entry.ConsumerName.ToString(), entry.DeliveryCount)
                : new EventDelivery(group, EventDeliveryState.Unread);
        }

        var state = row.Get<string>("state") switch
        {
            RetryState.Dead => EventDeliveryState.Dead,
            RetryState.Discarded => EventDeliveryState.Discarded,
            _ => row.Get<bool>("is_claimed") ? EventDeliveryState.Pending : EventDeliveryState.Waiting,
        };
        var error = row.Get<string>("error");
        return new EventDelivery(
            group,
            state,
            Attempts: row.Get<int>("attempts"),
            Error: error.Length == 0 ? null : error,
            ReachedAt: state is EventDeliveryState.Dead or EventDeliveryState.Discarded ? row.Get<DateTimeOffset?>("reached_at") : null,
            NextAttemptAt: state == EventDeliveryState.Waiting ? row.Get<DateTimeOffset>("due_at") : null,
            Number: number);
    }
}
