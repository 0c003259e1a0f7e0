using System.Data.Common;
using FanOut.Contracts.Webhooks;
using FanOut.ServiceDefaults;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.WebhookWorker.Endpoints;

internal sealed class EndpointStore(NpgsqlDataSource dataSource, EndpointSecrets secrets, IOptions<WebhookOptions> options)
{
    private const int RecoveredAtOnce = 5_000;
    private const int ReportedDeliveries = 1_000;
    private const int MaxPendingCounted = 10_000;

    private static readonly string Insert = EmbeddedSql.Read(typeof(EndpointStore), "insert_endpoint.sql");
    private static readonly string Select = EmbeddedSql.Read(typeof(EndpointStore), "select_endpoints.sql");
    private static readonly string Update = EmbeddedSql.Read(typeof(EndpointStore), "update_endpoint.sql");
    private static readonly string Delete = EmbeddedSql.Read(typeof(EndpointStore), "delete_endpoint.sql");
    private static readonly string FindChallenged = EmbeddedSql.Read(typeof(EndpointStore), "find_challenged.sql");
    private static readonly string RecordVerification = EmbeddedSql.Read(typeof(EndpointStore), "record_verification.sql");
    private static readonly string Recover = EmbeddedSql.Read(typeof(EndpointStore), "recover_deliveries.sql");
    private static readonly string Report = EmbeddedSql.Read(typeof(EndpointStore), "report_endpoints.sql");
    private static readonly string Switch = EmbeddedSql.Read(typeof(EndpointStore), "switch_endpoint.sql");
    private static readonly string Rotate = EmbeddedSql.Read(typeof(EndpointStore), "rotate_secret.sql");

    /// <returns>The setting whose limit is reached; null if the endpoint was created.</returns>
    public async Task<string?> InsertAsync(string owner, Guid id, PutEndpoint endpoint, byte[] secret, CancellationToken cancellationToken)
    {
        var insert = new NpgsqlBatchCommand(Insert);
        Add(
            insert.Parameters,
            id,
            owner,
            new Uri(endpoint.Url).AbsoluteUri,
            endpoint.Description,
            EventTypes(endpoint),
            endpoint.Enabled,
            secrets.Encrypt(id, secret),
            options.Value.RequireVerification,
            options.Value.MaxEndpoints,
            options.Value.MaxEndpointsPerOwner);

        // The lock is its own statement, so that the insert's snapshot is taken under it and counts every endpoint.
        await using var batch = dataSource.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("select pg_advisory_xact_lock(hashtextextended('webhooks.endpoints', 0))"));
        batch.BatchCommands.Add(insert);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return !reader.GetBoolean(0) ? nameof(WebhookOptions.MaxEndpoints)
            : !reader.GetBoolean(1) ? nameof(WebhookOptions.MaxEndpointsPerOwner)
            : null;
    }

    public async Task<List<WebhookEndpoint>> ListAsync(string owner, Guid? before, int limit, CancellationToken cancellationToken) =>
        [.. (await SelectAsync(owner, null, before, limit, cancellationToken)).Select(found => found.Endpoint)];

    public async Task<WebhookEndpoint?> FindAsync(string? owner, Guid id, CancellationToken cancellationToken) =>
        (await SelectAsync(owner, id, null, 1, cancellationToken)).SingleOrDefault().Endpoint;

    /// <returns>Whether the URL is another one now; null if the owner has no such endpoint.</returns>
    public async Task<bool?> UpdateAsync(string owner, Guid id, PutEndpoint endpoint, CancellationToken cancellationToken)
    {
        await using var command = Command(
            Update,
            owner,
            id,
            new Uri(endpoint.Url).AbsoluteUri,
            endpoint.Description,
            EventTypes(endpoint),
            endpoint.Enabled,
            options.Value.RequireVerification);
        return await command.ExecuteScalarAsync(cancellationToken) as bool?;
    }

    public async Task<bool> DeleteAsync(string owner, Guid id, CancellationToken cancellationToken)
    {
        await using var command = Command(Delete, owner, id);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    /// <returns>Until when the previous secret is also used; null if the owner has no such endpoint.</returns>
    public async Task<DateTimeOffset?> RotateAsync(string? owner, Guid id, byte[] secret, CancellationToken cancellationToken)
    {
        await using var command = Command(Rotate, owner, id, secrets.Encrypt(id, secret), options.Value.SecretOverlap);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<DateTimeOffset>(0) : null;
    }

    /// <returns>Null if the owner has no such endpoint.</returns>
    public async Task<ChallengedEndpoint?> FindChallengedAsync(string? owner, Guid id, CancellationToken cancellationToken)
    {
        await using var command = Command(FindChallenged, owner, id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new(reader.GetString(0), reader.GetFieldValue<byte[]>(1), reader.GetValue(3) as byte[], reader.GetBoolean(2))
            : null;
    }

    /// <summary>Enables or disables an endpoint of any account.</summary>
    /// <returns>Whether there is such an endpoint.</returns>
    public async Task<bool> SwitchAsync(Guid id, bool isEnabled, string because, CancellationToken cancellationToken)
    {
        await using var command = Command(Switch, id, isEnabled, because);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    /// <summary>Endpoints of all accounts, newest first, with how their last deliveries went.</summary>
    public async Task<List<EndpointReport>> ReportAsync(Guid? id, Guid? before, int limit, CancellationToken cancellationToken)
    {
        var found = await SelectAsync(null, id, before, limit, cancellationToken);
        await using var command = Command(Report, found.Select(each => each.Endpoint.Id).ToArray(), ReportedDeliveries, MaxPendingCounted);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var reports = new Dictionary<Guid, EndpointReport>();
        var endpoints = found.ToDictionary(each => each.Endpoint.Id);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (endpoint, owner) = endpoints[reader.GetGuid(0)];
            var (delivered, failed) = (reader.GetInt64(2), reader.GetInt64(3));
            var seconds = reader.GetValue(4) as double[];
            reports[endpoint.Id] = new(
                endpoint,
                owner,
                reader.GetInt64(1),
                delivered,
                failed,
                delivered + failed == 0 ? null : (double)delivered / (delivered + failed),
                seconds?[0],
                seconds?[1]);
        }

        return [.. found.Select(each => reports[each.Endpoint.Id])];
    }

    /// <summary>Saves how a challenge to this URL ended: the error is null if it succeeded.</summary>
    public async Task RecordVerificationAsync(Guid id, string url, string? error, CancellationToken cancellationToken)
    {
        await using var command = Command(RecordVerification, id, url);
        command.Parameters.Add(new() { Value = error ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <returns>How many deliveries are due again.</returns>
    public async Task<long> RecoverAsync(Guid id, DateTimeOffset since, CancellationToken cancellationToken)
    {
        // In several transactions, so that each is short; a request that breaks off can be repeated. What fails meanwhile is not sent once more.
        await using var clock = dataSource.CreateCommand("select now()");
        var until = (await clock.ExecuteScalarAsync(cancellationToken))!;
        var recovered = 0L;
        for (var last = RecoveredAtOnce; last == RecoveredAtOnce; recovered += last)
        {
            await using var command = Command(Recover, id, since, until, RecoveredAtOnce);
            last = await command.ExecuteNonQueryAsync(cancellationToken);
        }

        return recovered;
    }

    private async Task<List<(WebhookEndpoint Endpoint, string Owner)>> SelectAsync(
        string? owner, Guid? id, Guid? before, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Select);
        command.Parameters.Add(new() { Value = owner ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = id ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = before ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var endpoints = new List<(WebhookEndpoint, string)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var endpoint = new WebhookEndpoint(
                reader.GetGuid(0),
                reader.GetString(1),
                reader.GetFieldValue<string[]>(2),
                reader.GetBoolean(3),
                reader.GetValue(4) as string,
                reader.GetString(5),
                reader.GetFieldValue<DateTimeOffset>(6),
                reader.GetFieldValue<DateTimeOffset>(7),
                Health(reader),
                new(reader.GetBoolean(13), reader.GetFieldValue<DateTimeOffset?>(14), reader.GetValue(15) as string));
            endpoints.Add((endpoint, reader.GetString(16)));
        }

        return endpoints;
    }

    private static EndpointHealth Health(DbDataReader reader)
    {
        var failures = reader.GetFieldValue<int?>(8);
        return new(
            failures switch { null => "unknown", 0 => "healthy", _ => "failing" },
            failures ?? 0,
            reader.GetFieldValue<DateTimeOffset?>(9),
            reader.GetFieldValue<DateTimeOffset?>(10),
            reader.GetFieldValue<DateTimeOffset?>(11),
            reader.GetValue(12) as string);
    }

    private static string[] EventTypes(PutEndpoint endpoint) => [.. (endpoint.EventTypes ?? []).Distinct(StringComparer.Ordinal)];

    private NpgsqlCommand Command(string sql, params object?[] values)
    {
        var command = dataSource.CreateCommand(sql);
        Add(command.Parameters, values);
        return command;
    }

    private static void Add(NpgsqlParameterCollection parameters, params object?[] values) =>
        parameters.AddRange(Array.ConvertAll(values, value => value is null
            ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text }
            : new NpgsqlParameter { Value = value }));
}
