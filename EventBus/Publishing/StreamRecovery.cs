using FanOut.EventBus.Groups;
using FanOut.EventBus.Publishing;
using Npgsql;

namespace FanOut.EventBus;

/// <summary>What a person decides when the stream in Redis and the database are not of one history.</summary>
public sealed class StreamRecovery
{
    private readonly StreamName _stream;
    private readonly StreamCatalog _catalog;
    private readonly NpgsqlDataSource _postgres;
    private readonly StreamAppender _appender;

    internal StreamRecovery(StreamName stream, StreamCatalog catalog, NpgsqlDataSource postgres, StreamAppender appender) =>
        (_stream, _catalog, _postgres, _appender) = (stream, catalog, postgres, appender);

    /// <summary>
    /// Confirms that this database takes the place of the one whose events the stream carries: it was restored to an earlier time, or replaced it.
    /// The relay then makes the stream anew from this database. What only the other one has is lost.
    /// </summary>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>False where there was nothing to confirm: the stream is this database's, or new.</returns>
    /// <exception cref="InvalidOperationException">A relay has changed the same meanwhile, or no relay wrote what is there.</exception>
    public async Task<bool> ConfirmRestoreAsync(CancellationToken cancellationToken = default)
    {
        var stream = await _catalog.GetAsync(_stream, cancellationToken);
        var history = await _catalog.ReadHistoryAsync(stream, cancellationToken);
        if ((await _appender.ReadAsync()).State is not { } state || state.IsOf(history))
        {
            return false;
        }

        await using var connection = await _postgres.OpenConnectionAsync(cancellationToken);
        var generation = Math.Max(state.Generation, history.Generation) + 1;
        Guid[] earlier = [history.Outbox, state.Outbox];
        return await OutboxReader.BeginGenerationAsync(connection, stream, history, generation, earlier, cancellationToken) is not null
            ? true
            : throw new InvalidOperationException($"The outbox of stream '{_stream}' has begun another generation meanwhile. Try again.");
    }
}
