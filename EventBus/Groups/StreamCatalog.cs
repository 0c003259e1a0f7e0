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

        try
        {
            var id = await postgres.ScalarAsync("select bus.register_stream($1)", [name.Value], cancellationToken);
            return _known.GetOrAdd(name, new StreamIdentity((int)id!, name));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new InvalidOperationException(
                $"The Postgres user may not register stream '{name}'. Run the migrator, or start a reclaimer, whose user owns the outbox. "
                + $"({e.MessageText})",
                e);
        }
    }

    /// <summary>Whose events the stream may carry: the present outbox and its generation, and the outboxes of earlier generations.</summary>
    public async Task<OutboxHistory> ReadHistoryAsync(StreamIdentity stream, CancellationToken cancellationToken)
    {
        var found = await postgres.QueryAsync(
            HistorySql,
            [stream.Id],
            row => new OutboxHistory(row.Get<Guid>("outbox"), row.Get<int>("generation"), row.Get<Guid[]>("earlier_outboxes")),
            cancellationToken);
        return found is [var history]
            ? history
            : throw new InvalidOperationException(
                $"Stream '{stream.Name}' is no longer in bus.stream: its database was restored or replaced. Restart this service.");
    }
}
