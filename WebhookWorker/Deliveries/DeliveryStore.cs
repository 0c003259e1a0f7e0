using FanOut.Contracts;
using FanOut.Contracts.Webhooks;
using FanOut.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.WebhookWorker.Deliveries;

internal sealed class DeliveryStore(NpgsqlDataSource dataSource)
{
    private static readonly string Select = EmbeddedSql.Read(typeof(DeliveryStore), "select_deliveries.sql");
    private static readonly string Retry = EmbeddedSql.Read(typeof(DeliveryStore), "retry_delivery.sql");

    public async Task<WebhookDelivery?> FindAsync(string? owner, long id, CancellationToken cancellationToken) =>
        (await SelectAsync(owner, id, null, null, null, null, 1, cancellationToken)).SingleOrDefault();

    public Task<List<WebhookDelivery>> ListAsync(string? owner, DeliveryQuery query, CancellationToken cancellationToken) => SelectAsync(
        owner, null, query.Endpoint, query.State, query.Event, CursorAttribute.Parse(query.After), query.Limit + 1, cancellationToken);

    /// <returns>Whether the endpoint is enabled; null if the owner has no such delivery.</returns>
    public async Task<bool?> RetryAsync(string? owner, long id, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Retry);
        command.Parameters.Add(Optional(owner, NpgsqlDbType.Text));
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteScalarAsync(cancellationToken) as bool?;
    }

    private async Task<List<WebhookDelivery>> SelectAsync(
        string? owner, long? id, Guid? endpoint, string? state, Guid? eventId, long? before, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Select);
        command.Parameters.Add(Optional(owner, NpgsqlDbType.Text));
        command.Parameters.Add(Optional(id, NpgsqlDbType.Bigint));
        command.Parameters.Add(Optional(endpoint, NpgsqlDbType.Uuid));
        command.Parameters.Add(Optional(state, NpgsqlDbType.Text));
        command.Parameters.Add(Optional(eventId, NpgsqlDbType.Uuid));
        command.Parameters.Add(Optional(before, NpgsqlDbType.Bigint));
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var deliveries = new List<WebhookDelivery>();
        while (await reader.ReadAsync(cancellationToken))
        {
            deliveries.Add(new(
                reader.GetInt64(0),
                reader.GetGuid(1),
                reader.GetGuid(2),
                reader.GetString(3),
                reader.GetString(4),
                reader.GetString(5),
                reader.GetBoolean(6),
                reader.GetInt32(7),
                reader.GetFieldValue<DateTimeOffset>(8),
                reader.GetFieldValue<DateTimeOffset?>(9),
                reader.GetFieldValue<DateTimeOffset?>(10),
                reader.GetFieldValue<DateTimeOffset?>(11),
                reader.GetFieldValue<int?>(12),
                reader.GetValue(13) as string,
                reader.GetFieldValue<double?>(14)));
        }

        return deliveries;
    }

    private static NpgsqlParameter Optional(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
