using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Wire;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.EventBus;

/// <summary>
/// Publishes events of one stream together with the change they tell of: they are rows written in the caller's transaction, and once that is
/// committed a relay appends each of them to the stream. An event that is added after another was committed is published after it. Thread-safe.
/// </summary>
public sealed class Outbox
{
    private const int MaxHeaders = 50;

    /// <summary>The relay, lanes and the reclaimer hold some hundred events in memory at once.</summary>
    private const int MaxDataBytes = 8 << 20;
    private static readonly string InsertOne = EmbeddedText.Read("Publishing.insert_event.sql");
    private static readonly string InsertMany = EmbeddedText.Read("Publishing.insert_events.sql");

    private readonly OutboxStart _start;
    private readonly string _source;
    private readonly EventTypeRegistry _eventTypes;
    private readonly OutboxWakeUp _wakeUp;
    private readonly OutboxBacklog _backlog;
    private readonly TimeProvider _time;

    internal Outbox(
        OutboxStart start, string source, EventTypeRegistry eventTypes, OutboxWakeUp wakeUp, OutboxBacklog backlog, OutboxOptions options,
        TimeProvider time)
    {
        (_start, _source, _eventTypes, _wakeUp, _backlog, _time) = (start, source, eventTypes, wakeUp, backlog, time);
        RetryAfter = options.RetryAfter;
    }

    /// <summary>
    /// Whether <see cref="OutboxOptions.MaxBacklog"/> is reached: ask before beginning a transaction, and answer HTTP 503 with <c>Retry-After</c>.
    /// </summary>
    public bool IsFull => _backlog.IsFull;

    /// <summary>What <c>Retry-After</c> should say: <see cref="OutboxOptions.RetryAfter"/>.</summary>
    public TimeSpan RetryAfter { get; }

    /// <summary>About how many events wait to be published; counted once a second.</summary>
    public long Backlog => _backlog.Events;

    /// <summary>Makes the command that adds events, for a batch of the caller's own that is executed within its transaction.</summary>
    /// <typeparam name="T">The type of the events' data, registered by <see cref="EventBusBuilder.AddEvent{T}"/>.</typeparam>
    /// <param name="events">At least one event; published in this order.</param>
    /// <returns>A command without results.</returns>
    /// <exception cref="ArgumentException">
    /// There is no event, or one has an id, a subject or a header that is not allowed, or data of more than 8 MB as JSON.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// <typeparamref name="T"/> is not registered, or the host has not started: the stream's number is read from Postgres then.
    /// </exception>
    /// <exception cref="OutboxFullException"><see cref="IsFull"/>.</exception>
    public NpgsqlBatchCommand CreateCommand<T>(IReadOnlyList<NewEvent<T>> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.Count == 0)
        {
            throw new ArgumentException("There is no event to add.", nameof(events));
        }

        if (IsFull)
        {
            throw new OutboxFullException(Backlog, RetryAfter);
        }

        var stream = _start.Stream;
        var type = _eventTypes.Get(typeof(T));
        var now = _time.GetUtcNow().UtcDateTime;
        var (ids, subjects, times) = (new Guid[events.Count], new string[events.Count], new DateTime[events.Count]);
        var (data, headers) = (new byte[events.Count][], new string?[events.Count]);
        var (traceParents, traceStates) = (new string?[events.Count], new string?[events.Count]);
        for (var i = 0; i < events.Count; i++)
        {
            var item = events[i];
            if (item.Id == Guid.Empty || item.Subject is null || item.Subject.Contains('\0', StringComparison.Ordinal))
            {
                throw new ArgumentException($"Event {i} has an empty id, or a subject that is null or contains a null character.", nameof(events));
            }

            ids[i] = item.Id;
            subjects[i] = item.Subject;
            times[i] = item.Time?.UtcDateTime ?? now;
            data[i] = JsonSerializer.SerializeToUtf8Bytes(item.Data, (JsonTypeInfo<T>)type.Json);
            if (data[i].Length > MaxDataBytes)
            {
                throw new ArgumentException($"Event {i} has {data[i].Length} bytes of data; {MaxDataBytes} are allowed.", nameof(events));
            }

            headers[i] = HeadersOf(item.Headers, i);
            (traceParents[i], traceStates[i]) = events.Count == 1 ? EventTrace.Create(stream.Name, type.Name, item.Id) : EventTrace.OfCaller();
        }

        _wakeUp.Adding();
        return events.Count == 1
            ? Command(
                InsertOne, Value(stream.Id), Value(ids[0]), Value(type.Name), Value(_source), Value(subjects[0]), Value(times[0]), Value(data[0]),
                Nullable(headers[0], NpgsqlDbType.Jsonb), Nullable(traceParents[0], NpgsqlDbType.Text), Nullable(traceStates[0], NpgsqlDbType.Text))
            : Command(
                InsertMany, Value(stream.Id), Value(ids), Value(type.Name), Value(_source), Value(subjects), Value(times), Value(data),
                Nullable(headers, NpgsqlDbType.Array | NpgsqlDbType.Jsonb), Value(traceParents), Value(traceStates));
    }

    /// <summary>Adds an event within the transaction that is open on a connection.</summary>
    /// <typeparam name="T">The type of the event's data.</typeparam>
    /// <param name="connection">
    /// An open connection, with the transaction that also makes the change the event tells of. Without one the event is committed at once.
    /// </param>
    /// <param name="newEvent">The event.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>A task that ends when the row is written. Call <see cref="NotifyCommitted"/> after the commit.</returns>
    /// <inheritdoc cref="CreateCommand{T}" path="/exception"/>
    public Task AddAsync<T>(NpgsqlConnection connection, NewEvent<T> newEvent, CancellationToken cancellationToken = default)
        => AddAsync(connection, [newEvent], cancellationToken);

    /// <summary>Adds events within the transaction that is open on a connection, in one round trip.</summary>
    /// <typeparam name="T">The type of the events' data.</typeparam>
    /// <param name="connection">
    /// An open connection, with the transaction that also makes the changes the events tell of. Without one the events are committed at once.
    /// </param>
    /// <param name="events">At least one event; published in this order.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>A task that ends when the rows are written. Call <see cref="NotifyCommitted"/> after the commit.</returns>
    /// <inheritdoc cref="CreateCommand{T}" path="/exception"/>
    public async Task AddAsync<T>(NpgsqlConnection connection, IReadOnlyList<NewEvent<T>> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(CreateCommand(events));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Says that a transaction with events was committed, so that they are published at once rather than when the relay looks next. Cheap, does not
    /// block, and may be left out or called in vain. Not needed in handlers of this bus.
    /// </summary>
    public void NotifyCommitted() => _wakeUp.Committed();

    private static string? HeadersOf(IReadOnlyDictionary<string, string>? headers, int index)
    {
        if (headers is null or { Count: 0 })
        {
            return null;
        }

        if (headers.Count > MaxHeaders)
        {
            throw new ArgumentException($"Event {index} has {headers.Count} headers; {MaxHeaders} are allowed.", nameof(headers));
        }

        foreach (var (name, value) in headers)
        {
            if (!EventFields.IsHeaderName(name))
            {
                throw new ArgumentException(
                    $"Event {index} has a header '{name}': use 1 to 20 characters of a-z and 0-9, and no attribute's name.", nameof(headers));
            }

            if (value is null || value.Any(char.IsControl))
            {
                throw new ArgumentException(
                    $"Event {index} has a header '{name}' whose value is null or contains a control character.", nameof(headers));
            }
        }

        return JsonSerializer.Serialize(new Dictionary<string, string>(headers), WireJson.Default.DictionaryStringString);
    }

    private static NpgsqlBatchCommand Command(string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.AddRange(parameters);
        return command;
    }

    private static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };

    private static NpgsqlParameter Nullable(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
