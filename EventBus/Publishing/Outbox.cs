using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Publishes events together with the change they tell of: they are rows written in the caller's transaction, and once that is committed a relay appends each of them to the stream, once.
/// An event that is added after another was committed is published after it. Thread-safe.
/// </summary>
public sealed class Outbox
{
    private static readonly string InsertOne = EmbeddedText.Read("Publishing.insert_event.sql");
    private static readonly string InsertMany = EmbeddedText.Read("Publishing.insert_events.sql");

    private readonly StreamName _stream;
    private readonly string _source;
    private readonly EventTypeRegistry _eventTypes;
    private readonly OutboxWakeUp _wakeUp;
    private readonly OutboxBacklog _backlog;
    private readonly OutboxOptions _options;
    private readonly TimeProvider _time;

    internal Outbox(EventBusOptions bus, EventTypeRegistry eventTypes, OutboxWakeUp wakeUp, OutboxBacklog backlog, IOptions<OutboxOptions> options, TimeProvider time)
    {
        _stream = new StreamName(bus.Stream);
        _source = bus.Source;
        _eventTypes = eventTypes;
        _wakeUp = wakeUp;
        _backlog = backlog;
        _options = options.Value;
        _time = time;
    }

    /// <summary>Whether <see cref="OutboxOptions.MaxBacklog"/> is reached: ask before beginning a transaction, and answer HTTP 503 with <c>Retry-After</c>.</summary>
    public bool IsFull => _backlog.IsFull;

    /// <summary>What <c>Retry-After</c> should say: <see cref="OutboxOptions.RetryAfter"/>.</summary>
    public TimeSpan RetryAfter => _options.RetryAfter;

    /// <summary>About how many events wait to be published; counted once a second.</summary>
    public long Backlog => _backlog.Events;

    /// <summary>Makes the command that adds events, for a batch of the caller's own that is executed within its transaction.</summary>
    /// <typeparam name="T">The type of the events' data, registered by <see cref="EventBusBuilder.AddEvent{T}"/>.</typeparam>
    /// <param name="events">At least one event; published in this order.</param>
    /// <returns>A command without results.</returns>
    /// <exception cref="ArgumentException">There is no event, or one has an empty id or a null character in its subject.</exception>
    /// <exception cref="InvalidOperationException"><typeparamref name="T"/> is not registered.</exception>
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
            throw new OutboxFullException(Backlog, _options.RetryAfter);
        }

        var type = _eventTypes.Get(typeof(T));
        var now = _time.GetUtcNow().UtcDateTime;
        var ids = new Guid[events.Count];
        var subjects = new string[events.Count];
        var times = new DateTime[events.Count];
        var data = new byte[events.Count][];
        var traceParents = new string?[events.Count];
        var traceStates = new string?[events.Count];
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
            (traceParents[i], traceStates[i]) = events.Count == 1 ? EventTrace.Create(_stream, type.Name, item.Id) : EventTrace.OfCaller();
        }

        if (events.Count == 1)
        {
            return Command(InsertOne, Value(ids[0]), Value(type.Name), Value(_source), Value(subjects[0]), Value(times[0]), Value(data[0]), Text(traceParents[0]), Text(traceStates[0]));
        }

        return Command(InsertMany, Value(ids), Value(type.Name), Value(_source), Value(subjects), Value(times), Value(data), Value(traceParents), Value(traceStates));
    }

    /// <summary>Adds an event within the transaction that is open on a connection.</summary>
    /// <typeparam name="T">The type of the event's data.</typeparam>
    /// <param name="connection">An open connection, with the transaction that also makes the change the event tells of. Without one the event is committed at once.</param>
    /// <param name="newEvent">The event.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>A task that ends when the row is written. Call <see cref="NotifyCommitted"/> after the commit.</returns>
    /// <exception cref="OutboxFullException"><see cref="IsFull"/>.</exception>
    public Task AddAsync<T>(NpgsqlConnection connection, NewEvent<T> newEvent, CancellationToken cancellationToken = default)
        => AddAsync(connection, [newEvent], cancellationToken);

    /// <summary>Adds events within the transaction that is open on a connection, in one round trip.</summary>
    /// <typeparam name="T">The type of the events' data.</typeparam>
    /// <param name="connection">An open connection, with the transaction that also makes the changes the events tell of. Without one the events are committed at once.</param>
    /// <param name="events">At least one event; published in this order.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>A task that ends when the rows are written. Call <see cref="NotifyCommitted"/> after the commit.</returns>
    /// <exception cref="OutboxFullException"><see cref="IsFull"/>.</exception>
    public async Task AddAsync<T>(NpgsqlConnection connection, IReadOnlyList<NewEvent<T>> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(CreateCommand(events));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Says that a transaction with events was committed, so that they are published at once rather than when the relay looks next. Cheap, does not block, and may be left out or called in vain.</summary>
    public void NotifyCommitted() => _wakeUp.Committed();

    private static NpgsqlBatchCommand Command(string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static NpgsqlParameter<T> Value<T>(T value) => new() { TypedValue = value };

    private static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
}
