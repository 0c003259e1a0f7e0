using System.Diagnostics;
using FanOut.EventBus.Consuming;
using Npgsql;

namespace FanOut.EventBus;

/// <summary>One event and the transaction it is handled in.</summary>
/// <typeparam name="T">The type of the event's data.</typeparam>
public sealed class EventContext<T>
{
    private readonly Delivery _delivery;
    private readonly BatchTransaction _transaction;
    private readonly Activity? _activity;
    private EventMetadata? _event;

    internal EventContext(Delivery delivery, BatchTransaction transaction, Activity? activity)
    {
        _delivery = delivery;
        _transaction = transaction;
        _activity = activity;
        Data = (T)delivery.Data!;
    }

    /// <summary>The event's data.</summary>
    public T Data { get; }

    /// <summary>The event's attributes.</summary>
    public EventMetadata Event => _event ??= _delivery.Event.ToMetadata(_delivery.Type!.Name);

    /// <summary>The event's id, without the other attributes of <see cref="Event"/>.</summary>
    public Guid EventId => _delivery.Event.Id;

    /// <summary>The stream.</summary>
    public StreamName Stream => _transaction.Stream;

    /// <summary>The consumer group.</summary>
    public GroupName Group => _transaction.Group;

    /// <summary>The number of this delivery, from 1; a dead letter after <see cref="ConsumerOptions.MaxDeliveries"/>.</summary>
    public int Delivery => _delivery.Number;

    /// <summary>
    /// The W3C <c>traceparent</c> for what follows from the event: of this group's process span where it is recorded, otherwise the event's own; null
    /// where there is none.
    /// </summary>
    public string? TraceParent => _activity?.Id ?? _delivery.Event.TraceParent;

    /// <summary>The connection of <see cref="Transaction"/>. Do not close it.</summary>
    public NpgsqlConnection Connection => _transaction.Connection;

    /// <summary>The transaction that the library began and will commit: never commit or roll it back.</summary>
    public NpgsqlTransaction Transaction => _transaction.Transaction;

    /// <summary>
    /// Adds a command that is sent together with the batch's other such commands and the commit, in one round trip, in the same transaction and in
    /// the order of the calls. Should this handler throw afterwards, the command is dropped.
    /// </summary>
    /// <param name="command">A command without results.</param>
    public void Enqueue(NpgsqlBatchCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        _transaction.Enqueue(_delivery, command);
    }
}
