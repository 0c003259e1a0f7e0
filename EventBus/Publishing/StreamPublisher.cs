using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Appends events to a stream that has no outbox (<see href="https://redis.io/docs/latest/commands/xadd/"/>). At least once: when a call fails, its events may be on the stream or not, and calling again may add them twice,
/// with the same event id but under another entry id. Where an event goes with a change in Postgres, use <see cref="Outbox"/>. Thread-safe.
/// </summary>
public sealed class StreamPublisher
{
    private readonly StreamName _stream;
    private readonly RedisKey _key;
    private readonly RedisValue _source;
    private readonly IConnectionMultiplexer _redis;
    private readonly EventTypeRegistry _eventTypes;
    private readonly EventBusMetrics _metrics;
    private readonly TimeProvider _time;

    internal StreamPublisher(EventBusOptions bus, IConnectionMultiplexer redis, EventTypeRegistry eventTypes, EventBusMetrics metrics, TimeProvider time)
    {
        _stream = new StreamName(bus.Stream);
        _key = StreamKeys.Stream(_stream);
        _source = bus.Source;
        _redis = redis;
        _eventTypes = eventTypes;
        _metrics = metrics;
        _time = time;
    }

    /// <summary>Appends one event.</summary>
    /// <typeparam name="T">The type of the event's data, registered by <see cref="EventBusBuilder.AddEvent{T}"/>.</typeparam>
    /// <param name="newEvent">The event.</param>
    /// <param name="cancellationToken">Ends the wait for Redis; the event may be on the stream then.</param>
    /// <returns>The entry's id, once Redis has confirmed it; null where a foreign entry has brought the stream's ids beyond what an <see cref="EntryId"/> holds.</returns>
    /// <exception cref="ArgumentException">The event has no subject, or the empty id.</exception>
    /// <exception cref="RedisException">Redis refused it, for instance at its maxmemory, or did not answer.</exception>
    public async Task<EntryId?> PublishAsync<T>(NewEvent<T> newEvent, CancellationToken cancellationToken = default)
    {
        Check(newEvent);
        cancellationToken.ThrowIfCancellationRequested();
        var type = _eventTypes.Get(typeof(T));
        var fields = Encode(type, newEvent, EventTrace.Create(_stream, type.Name, newEvent.Id));
        var entry = await _redis.GetDatabase().StreamAddAsync(_key, fields).WaitAsync(cancellationToken);
        _metrics.Sent(_stream, 1);
        return Parse(entry);
    }

    /// <summary>Appends events without waiting for each other's confirmation. Their order is kept unless the connection breaks.</summary>
    /// <typeparam name="T">The type of the events' data.</typeparam>
    /// <param name="events">The events. Those that one call is given are in memory together: call it with some thousands at most.</param>
    /// <param name="cancellationToken">Ends the wait for Redis; any of the events may be on the stream then.</param>
    /// <returns>The entries' ids in the order of the events, once Redis has confirmed all of them; null as for a single event.</returns>
    /// <exception cref="ArgumentException">An event has no subject, or the empty id: none was appended. Neither is any when the data of one can't be serialised.</exception>
    /// <exception cref="RedisException">Redis refused one or did not answer; the others may be on the stream.</exception>
    public async Task<EntryId?[]> PublishAsync<T>(IReadOnlyList<NewEvent<T>> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        foreach (var item in events)
        {
            Check(item);
        }

        cancellationToken.ThrowIfCancellationRequested();
        var type = _eventTypes.Get(typeof(T));
        var entries = new NameValueEntry[events.Count][];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = Encode(type, events[i], events.Count == 1 ? EventTrace.Create(_stream, type.Name, events[i].Id) : EventTrace.OfCaller());
        }

        var redis = _redis.GetDatabase();
        var calls = Array.ConvertAll(entries, entry => redis.StreamAddAsync(_key, entry));
        try
        {
            return Array.ConvertAll(await Task.WhenAll(calls).WaitAsync(cancellationToken), Parse);
        }
        finally
        {
            _metrics.Sent(_stream, calls.Count(call => call.IsCompletedSuccessfully));
        }
    }

    private static void Check<T>(NewEvent<T> newEvent)
    {
        ArgumentNullException.ThrowIfNull(newEvent);
        if (newEvent.Id == Guid.Empty || newEvent.Subject is null)
        {
            throw new ArgumentException("An event needs an id that is not empty, and a subject.", nameof(newEvent));
        }
    }

    private static EntryId? Parse(RedisValue entry) => EntryId.TryParse(((ReadOnlyMemory<byte>)entry).Span, out var id) ? id : null;

    private NameValueEntry[] Encode<T>(EventType type, NewEvent<T> newEvent, (string? Parent, string? State) trace) =>
    [
        new(EventFields.Id, EventFields.FormatId(newEvent.Id)),
        new(EventFields.Type, type.Name),
        new(EventFields.Source, _source),
        new(EventFields.Subject, newEvent.Subject),
        new(EventFields.Time, EventFields.FormatTime((newEvent.Time ?? _time.GetUtcNow()).UtcDateTime)),
        new(EventFields.Data, JsonSerializer.SerializeToUtf8Bytes(newEvent.Data, (JsonTypeInfo<T>)type.Json)),
        new(EventFields.TraceParent, trace.Parent ?? RedisValue.EmptyString),
        new(EventFields.TraceState, trace.State ?? RedisValue.EmptyString),
    ];
}
