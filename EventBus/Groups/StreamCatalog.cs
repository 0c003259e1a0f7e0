using System.Collections.Concurrent;
using Npgsql;

namespace FanOut.EventBus.Groups;

/// <summary>The streams of this database. A stream is registered when it is first asked for.</summary>
internal sealed class StreamCatalog(NpgsqlDataSource postgres)
{
    private static readonly string HistorySql = EmbeddedText.Read("Groups.read_outbox_history.sql");

    private readonly ConcurrentDictionary<StreamName, StreamIdentity> _known = new();

    public async Task<StreamIdentity> GetAsync(StreamName name, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(name, out var known))
        {
            return known;
        }

        await using var command = postgres.CreateCommand("select bus.register_stream($1)");
        command.Parameters.AddWithValue(name.Value);
        return _known.GetOrAdd(name, new StreamIdentity((int)(await command.ExecuteScalarAsync(cancellationToken))!, name));
    }

    /// <summary>Whose events the stream may carry: the present outbox and its generation, and the outboxes of earlier generations.</summary>
    public async Task<OutboxHistory> ReadHistoryAsync(StreamIdentity stream, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(HistorySql);
        command.Parameters.AddWithValue(stream.Id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new OutboxHistory(
                reader.GetFieldValue<Guid>(reader.GetOrdinal("outbox")),
                reader.GetFieldValue<int>(reader.GetOrdinal("generation")),
                reader.GetFieldValue<Guid[]>(reader.GetOrdinal("earlier_outboxes")))
            : throw new InvalidOperationException(
                $"Stream '{stream.Name}' is no longer in bus.stream: its database was restored or replaced. Restart this service.");
    }
}
