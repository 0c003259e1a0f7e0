using FanOut.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.WebhookWorker.Endpoints;

/// <summary>Encrypts the secrets that an earlier version has left, before the first webhook is sent. Replicas wait for each other.</summary>
internal sealed partial class PlainSecrets(NpgsqlDataSource dataSource, EndpointSecrets secrets, ILogger<PlainSecrets> logger) : IHostedService
{
    private static readonly string LockRows = EmbeddedSql.Read(typeof(PlainSecrets), "lock_plain_secrets.sql");
    private static readonly string Replace = EmbeddedSql.Read(typeof(PlainSecrets), "replace_plain_secrets.sql");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var rows = await ReadAsync(connection, cancellationToken);
        if (rows.Count == 0)
        {
            return;
        }

        await using var replace = new NpgsqlCommand(Replace, connection)
        {
            Parameters =
            {
                new() { Value = rows.Select(row => row.Id).ToArray() },
                new() { Value = rows.Select(row => row.Secret).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
                new() { Value = rows.Select(row => row.Previous).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea },
            },
        };
        await replace.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Log.Encrypted(logger, rows.Count);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<List<(Guid Id, byte[] Secret, byte[]? Previous)>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(LockRows, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<(Guid, byte[], byte[]?)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetGuid(0);
            var previous = reader.GetValue(2) as byte[];
            rows.Add((id, secrets.Encrypt(id, reader.GetFieldValue<byte[]>(1)), previous is null ? null : secrets.Encrypt(id, previous)));
        }

        return rows;
    }

    private static partial class Log
    {
        [LoggerMessage(3010, LogLevel.Information, "The secrets of {Count} endpoints were not encrypted. They are now.")]
        public static partial void Encrypted(ILogger logger, int count);
    }
}
