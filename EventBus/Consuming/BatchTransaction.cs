using Npgsql;

namespace FanOut.EventBus.Consuming;

/// <summary>The transaction of one batch, as handlers see it.</summary>
internal sealed class BatchTransaction(StreamName stream, GroupName group, NpgsqlConnection connection, NpgsqlTransaction transaction)
{
    private NpgsqlBatch? _queue;

    public StreamName Stream { get; } = stream;

    public GroupName Group { get; } = group;

    public NpgsqlConnection Connection { get; } = connection;

    public NpgsqlTransaction Transaction { get; } = transaction;

    public void Enqueue(NpgsqlBatchCommand command)
        => (_queue ??= new NpgsqlBatch(Connection, Transaction)).BatchCommands.Add(command);

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_queue is { } queue)
        {
            _queue = null;
            await using (queue)
            {
                await queue.ExecuteNonQueryAsync(cancellationToken);
            }
        }
    }
}
