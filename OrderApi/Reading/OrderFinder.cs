using System.Text.Json;
using FanOut.Contracts;
using FanOut.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.OrderApi.Reading;

internal sealed class OrderFinder(NpgsqlDataSource dataSource)
{
    private static readonly string FindOrders = EmbeddedSql.Read(typeof(OrderFinder), "find_orders.sql");
    private static readonly string FindMatching = EmbeddedSql.Read(typeof(OrderFinder), "find_matching_orders.sql");
    private static readonly string ListOrders = EmbeddedSql.Read(typeof(OrderFinder), "list_orders.sql");

    public async Task<Order?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        var found = await FindAsync(connection, [id], cancellationToken);
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>In the order of <paramref name="ids"/>, without those that do not exist.</summary>
    public static async Task<IReadOnlyList<Order>> FindAsync(NpgsqlConnection connection, Guid[] ids, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindOrders, connection) { Parameters = { new NpgsqlParameter<Guid[]> { TypedValue = ids } } };
        var found = (await ReadAsync(command, cancellationToken)).ToDictionary(order => order.Id);
        return [.. ids.Where(found.ContainsKey).Select(id => found[id])];
    }

    /// <returns>One more than fit on the page, if there are more.</returns>
    public async Task<List<Order>> ListAsync(OrderQuery query, CancellationToken cancellationToken)
    {
        var isFiltered = (query.Number ?? query.Customer ?? query.Email) is not null;
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(isFiltered ? FindMatching : ListOrders, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<Guid> { TypedValue = query.After ?? Guid.AllBitsSet },
                new NpgsqlParameter<int> { TypedValue = query.Limit + 1 },
            },
        };
        if (isFiltered)
        {
            Guid? id = Guid.TryParseExact(query.Number, "D", out var parsed) ? parsed : null;
            command.Parameters.Add(Optional(query.Number, NpgsqlDbType.Text));
            command.Parameters.Add(Optional(id, NpgsqlDbType.Uuid));
            command.Parameters.Add(Optional(query.Customer, NpgsqlDbType.Text));
            command.Parameters.Add(Optional(query.Email, NpgsqlDbType.Text));
        }

        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Reads the columns that every query of orders begins with.</summary>
    public static Order Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetString(1),
        new Customer(row.GetString(2), row.GetString(3), row.GetString(4)),
        row.GetString(5),
        JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(8), ContractsJson.Default.IReadOnlyListOrderLine)!,
        row.GetDecimal(6),
        row.GetFieldValue<DateTimeOffset>(7));

    private static NpgsqlParameter Optional(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    private static async Task<List<Order>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var orders = new List<Order>();
        while (await rows.ReadAsync(cancellationToken))
        {
            orders.Add(Read(rows));
        }

        return orders;
    }
}
