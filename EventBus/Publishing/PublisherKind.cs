using Microsoft.Extensions.Hosting;
using Npgsql;

namespace FanOut.EventBus.Publishing;

/// <summary>Before anything is published, makes sure that the stream has one kind of publisher, and that the outbox of this database feeds no other stream.</summary>
internal sealed class PublisherKind(StreamName stream, bool outbox, NpgsqlDataSource dataSource) : IHostedService
{
    private static readonly string Register = EmbeddedText.Read("Publishing.register_publisher.sql");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        string? fed;
        bool direct;
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("select pg_advisory_xact_lock(hashtextextended('fanout.publisher', 0))"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand(Register) { Parameters = { new() { Value = stream.Value }, new() { Value = outbox } } });
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            fed = await reader.IsDBNullAsync(0, cancellationToken) ? null : reader.GetString(0);
            direct = reader.GetBoolean(1);
        }

        if (outbox && fed is not null && fed != stream.Value)
        {
            throw new InvalidOperationException(
                $"EventBus:Stream is '{stream}', but the outbox of database '{connection.Database}' feeds the stream '{fed}'. One outbox feeds one stream: set EventBus:Stream to '{fed}', or use another database.");
        }

        if (outbox && direct)
        {
            throw new InvalidOperationException(
                $"AddOutbox() is used with the stream '{stream}', which is written by AddDirectPublisher(): a stream has one kind of publisher. Use another stream, or stop the direct publisher for good and delete its row from bus.direct_stream.");
        }

        if (!outbox && fed == stream.Value)
        {
            throw new InvalidOperationException($"AddDirectPublisher() is used with the stream '{stream}', which the outbox feeds: a stream has one kind of publisher. Use AddOutbox(), or another stream.");
        }

        await transaction.CommitAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
