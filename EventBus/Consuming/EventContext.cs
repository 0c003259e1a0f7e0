using System.Diagnostics;
using Npgsql;

namespace FanOut.EventBus.Consuming;

/// <summary>One event and the transaction it is handled in.</summary>
/// <typeparam name="T">The type of the event's data.</typeparam>
public sealed class EventContext<T>
{
    private readonly Delivery _delivery;
    private readonly BatchTransaction _transaction;
    private readonly Activity? _activity;
    private EventMetadata? _event;

    internal EventContext(Delivery delivery, T data, BatchTransaction transaction, Activity? activity)
    {
        _delivery = delivery;
        _activity = activity;
        _transaction = transaction;
        Data = data;
    }

    /// <summary>The event's data.</summary>
    public T Data { get; }

    /// <summary>The event's attributes.</summary>
    public EventMetadata Event => _event ??= _delivery.Event.ToMetadata(_delivery.Type!.Name);

    /// <summary>The event's id, without the other attributes of <see cref="Event"/>.</summary>
    public Guid EventId => _delivery.Event.Id;

    /// <summary>The id of the stream entry; also for a redriven event the id it has on the stream.</summary>
    public EntryId Entry => _delivery.Entry;

    /// <summary>The stream.</summary>
    public StreamName Stream => _transaction.Stream;

    /// <summary>The consumer group.</summary>
    public GroupName Group => _transaction.Group;

    /// <summary>The how-manieth delivery this is, from 1; dead-lettered after <see cref="ConsumerOptions.MaxDeliveries"/>.</summary>
    public int Delivery => _delivery.Count;

    /// <summary>The W3C <c>traceparent</c> that what follows from the event belongs under: this group's process span where it is recorded, otherwise the event's own; null where there is none.</summary>
    public string? TraceParent => _activity?.Id ?? _delivery.Event.TraceParent;

    /// <summary>The connection of <see cref="Transaction"/>. Do not close it.</summary>
    public NpgsqlConnection Connection => _transaction.Connection;

    /// <summary>The transaction that the lane began and will commit: never commit or roll it back.</summary>
    public NpgsqlTransaction Transaction => _transaction.Transaction;

    /// <summary>Adds a command that is sent together with the batch's other such commands, in one round trip at the end of the batch, in the same transaction and in the order of the calls.</summary>
    /// <param name="command">A command without results.</param>
    public void Enqueue(NpgsqlBatchCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        _transaction.Enqueue(command);
    }
}
