using Npgsql;

namespace FanOut.EventBus.Consuming;

/// <summary>The transaction of one batch, as handlers see it.</summary>
internal sealed class BatchTransaction(StreamName stream, GroupName group, NpgsqlConnection connection, NpgsqlTransaction transaction)
{
    private readonly List<(Delivery Of, NpgsqlBatchCommand Command)> _queue = [];

    public StreamName Stream { get; } = stream;

    public GroupName Group { get; } = group;

    /// <summary>
    /// Whether a handler has asked for the connection. From then on the effects of a failing event cannot be told from those of others, and the
    /// transaction must be rolled back: also a handler that does not ask again may have kept the connection.
    /// </summary>
    public bool IsTouched { get; private set; }

    /// <summary>What handlers have enqueued.</summary>
    public IEnumerable<NpgsqlBatchCommand> Commands => _queue.Select(queued => queued.Command);

    public NpgsqlConnection Connection
    {
        get
        {
            IsTouched = true;
            return connection;
        }
    }

    public NpgsqlTransaction Transaction
    {
        get
        {
            IsTouched = true;
            return transaction;
        }
    }

    public void Enqueue(Delivery delivery, NpgsqlBatchCommand command) => _queue.Add((delivery, command));

    /// <summary>Forgets what a handler enqueued for an event that it then failed.</summary>
    public void Drop(Delivery delivery)
    {
        for (var last = _queue.Count; last > 0 && _queue[last - 1].Of == delivery; last = _queue.Count)
        {
            _queue.RemoveAt(last - 1);
        }
    }
}
