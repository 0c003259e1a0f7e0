using FanOut.EventBus.Groups;
using FanOut.EventBus.Migrations;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Registers the stream when the host starts, behind the migrations, and makes sure that events can be published from this database. It waits while
/// Postgres is away or read-only, and for a stream that another user has to register; a wrong setting stops the start.
/// </summary>
internal sealed partial class OutboxStart(
    StreamName name, SchemaMigrator migrator, StreamCatalog catalog, NpgsqlDataSource postgres, TimeProvider time, ILogger<OutboxStart> logger)
    : IHostedLifecycleService
{
    private static readonly string CheckSql = EmbeddedText.Read("Publishing.check_outbox.sql");

    private StreamIdentity? _stream;

    /// <summary>The stream as the database knows it.</summary>
    public StreamIdentity Stream => _stream ?? throw new InvalidOperationException(
        $"The outbox of stream '{name}' was used before the host has started: its number is read from Postgres then. Start the host first.");

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await migrator.StartingAsync(cancellationToken);
        for (var retry = new Backoff(time, TimeSpan.FromMilliseconds(250)); _stream is null;)
        {
            try
            {
                var stream = await catalog.GetAsync(name, cancellationToken);
                if (await IsWritableAsync(stream, cancellationToken))
                {
                    _stream = stream;
                    return;
                }

                Wait(retry, "it is read-only: a standby, or made so", null);
            }
            catch (Exception e) when (EnvironmentFault.Is(e)
                || e.InnerException is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege })
            {
                Wait(retry, e.Message, e);
            }

            await retry.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc cref="StreamCatalog.ReadHistoryAsync"/>
    public Task<OutboxHistory> ReadHistoryAsync(CancellationToken cancellationToken) => catalog.ReadHistoryAsync(Stream, cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<bool> IsWritableAsync(StreamIdentity stream, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(CheckSql);
        command.Parameters.AddWithValue(stream.Id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var cache = reader.GetFieldValue<long>(reader.GetOrdinal("sequence_cache"));
        return cache == 1
            ? !reader.GetFieldValue<bool>(reader.GetOrdinal("is_read_only"))
            : throw new InvalidOperationException(
                $"The sequence bus.position_{stream.Id} of stream '{name}' has a cache of {cache}: sessions would keep positions for much later, and "
                + $"the relay would pass over their events. Fix it: alter sequence bus.position_{stream.Id} cache 1.");
    }

    private void Wait(Backoff retry, string reason, Exception? exception)
    {
        if (retry.IsFirst)
        {
            Log.Waits(logger, name, reason, exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(300, LogLevel.Warning,
            "The start waits for the Postgres server of stream '{Stream}': {Reason}. It tries again until it succeeds.")]
        public static partial void Waits(ILogger logger, StreamName stream, string reason, Exception? exception);
    }
}
