using FanOut.Contracts.Webhooks;
using FanOut.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.WebhookWorker.Deliveries;

internal sealed class DeliveryStore(NpgsqlDataSource dataSource)
{
    private static readonly string Select = EmbeddedSql.Read(typeof(DeliveryStore), "select_deliveries.sql");
    private static readonly string Retry = EmbeddedSql.Read(typeof(DeliveryStore), "retry_delivery.sql");

    public async Task<WebhookDelivery?> FindAsync(long id, CancellationToken cancellationToken)
        => (await SelectAsync(id, null, null, null, null, 1, cancellationToken)).SingleOrDefault();

    public Task<List<WebhookDelivery>> ListAsync(Guid? endpoint, string? state, Guid? eventId, long? before, int limit, CancellationToken cancellationToken)
        => SelectAsync(null, endpoint, state, eventId, before, limit, cancellationToken);

    /// <returns>Whether the endpoint is enabled; null if there is no such delivery.</returns>
    public async Task<bool?> RetryAsync(long id, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Retry);
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteScalarAsync(cancellationToken) as bool?;
    }

    private async Task<List<WebhookDelivery>> SelectAsync(long? id, Guid? endpoint, string? state, Guid? eventId, long? before, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Select);
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
                Time(9),
                Time(10),
                Time(11),
                reader.IsDBNull(12) ? null : reader.GetInt32(12),
                reader.IsDBNull(13) ? null : reader.GetString(13)));
        }

        return deliveries;

        DateTimeOffset? Time(int column) => reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
    }

    private static NpgsqlParameter Optional(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
