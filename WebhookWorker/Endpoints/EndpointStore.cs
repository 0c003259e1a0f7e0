using System.Data.Common;
using FanOut.Contracts.Webhooks;
using FanOut.ServiceDefaults;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.WebhookWorker.Endpoints;

internal sealed class EndpointStore(NpgsqlDataSource dataSource, IOptions<WebhookOptions> options)
{
    private static readonly string Insert = EmbeddedSql.Read(typeof(EndpointStore), "insert_endpoint.sql");
    private static readonly string Select = EmbeddedSql.Read(typeof(EndpointStore), "select_endpoints.sql");
    private static readonly string Update = EmbeddedSql.Read(typeof(EndpointStore), "update_endpoint.sql");
    private static readonly string Delete = EmbeddedSql.Read(typeof(EndpointStore), "delete_endpoint.sql");
    private static readonly string Rotate = EmbeddedSql.Read(typeof(EndpointStore), "rotate_secret.sql");

    /// <returns>False if the limit of endpoints is reached.</returns>
    public async Task<bool> InsertAsync(Guid id, PutEndpoint endpoint, byte[] secret, CancellationToken cancellationToken)
    {
        await using var command = Command(
            Insert,
            id,
            new Uri(endpoint.Url).AbsoluteUri,
            endpoint.Description,
            EventTypes(endpoint),
            endpoint.Enabled,
            secret,
            options.Value.MaxEndpoints);
        var insert = new NpgsqlBatchCommand(command.CommandText);
        foreach (var parameter in command.Parameters)
        {
            insert.Parameters.Add(((NpgsqlParameter)parameter).Clone());
        }

        // The lock is its own statement, so that the insert's snapshot is taken under it and counts every endpoint.
        await using var batch = dataSource.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select pg_advisory_xact_lock(hashtextextended('webhooks.endpoints', 0))"));
        batch.BatchCommands.Add(insert);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.NextResultAsync(cancellationToken) && await reader.ReadAsync(cancellationToken);
    }

    public async Task<List<WebhookEndpoint>> ListAsync(Guid? before, int limit, CancellationToken cancellationToken) =>
        await SelectAsync(null, before, limit, cancellationToken);

    public async Task<WebhookEndpoint?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        (await SelectAsync(id, null, 1, cancellationToken)).SingleOrDefault();

    public async Task<bool> UpdateAsync(Guid id, PutEndpoint endpoint, CancellationToken cancellationToken)
    {
        await using var command = Command(
            Update, id, new Uri(endpoint.Url).AbsoluteUri, endpoint.Description, EventTypes(endpoint), endpoint.Enabled);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    public async Task<bool> DeleteAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = Command(Delete, id);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    /// <returns>Until when the previous secret is also used; null if there is no such endpoint.</returns>
    public async Task<DateTimeOffset?> RotateAsync(Guid id, byte[] secret, CancellationToken cancellationToken)
    {
        await using var command = Command(Rotate, id, secret, options.Value.SecretOverlap);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<DateTimeOffset>(0) : null;
    }

    private async Task<List<WebhookEndpoint>> SelectAsync(Guid? id, Guid? before, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Select);
        command.Parameters.Add(new() { Value = id ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = before ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var endpoints = new List<WebhookEndpoint>();
        while (await reader.ReadAsync(cancellationToken))
        {
            endpoints.Add(new(
                reader.GetGuid(0),
                reader.GetString(1),
                reader.GetFieldValue<string[]>(2),
                reader.GetBoolean(3),
                reader.IsDBNull(4) ? null : reader.GetString(4),
                reader.GetString(5),
                reader.GetFieldValue<DateTimeOffset>(6),
                reader.GetFieldValue<DateTimeOffset>(7),
                Health(reader)));
        }

        return endpoints;
    }

    private static EndpointHealth Health(DbDataReader reader)
    {
        if (reader.IsDBNull(8))
        {
            return new("unknown", 0, null, null, null, null);
        }

        var failures = reader.GetInt32(8);
        return new(failures == 0 ? "healthy" : "failing", failures, Time(9), Time(10), Time(11), reader.IsDBNull(12) ? null : reader.GetString(12));

        DateTimeOffset? Time(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
    }

    private static string[] EventTypes(PutEndpoint endpoint) => [.. (endpoint.EventTypes ?? []).Distinct(StringComparer.Ordinal)];

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = dataSource.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        return command;
    }
}
