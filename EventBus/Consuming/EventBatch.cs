using System.Collections;
using FanOut.EventBus.Consuming;
using Npgsql;

namespace FanOut.EventBus;

/// <summary>The events of one type in a batch, and the transaction they are handled in.</summary>
/// <typeparam name="T">The type of the events' data.</typeparam>
public sealed class EventBatch<T> : IReadOnlyList<EventContext<T>>
{
    private readonly EventContext<T>[] _events;
    private readonly BatchTransaction _transaction;

    internal EventBatch(EventContext<T>[] events, BatchTransaction transaction)
    {
        _events = events;
        _transaction = transaction;
    }

    /// <inheritdoc/>
    public int Count => _events.Length;

    /// <summary>The stream.</summary>
    public StreamName Stream => _transaction.Stream;

    /// <summary>The consumer group.</summary>
    public GroupName Group => _transaction.Group;

    /// <summary>The connection of <see cref="Transaction"/>. Do not close it.</summary>
    public NpgsqlConnection Connection => _transaction.Connection;

    /// <summary>The transaction that the library began and will commit: never commit or roll it back.</summary>
    public NpgsqlTransaction Transaction => _transaction.Transaction;

    /// <inheritdoc/>
    public EventContext<T> this[int index] => _events[index];

    /// <inheritdoc/>
    public IEnumerator<EventContext<T>> GetEnumerator() => ((IEnumerable<EventContext<T>>)_events).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
