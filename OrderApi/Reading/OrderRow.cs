using System.Text.Json;
using FanOut.Contracts;
using Npgsql;

namespace FanOut.OrderApi.Reading;

internal static class OrderRow
{
    /// <summary>Reads the columns that every query of orders begins with.</summary>
    public static Order Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetString(1),
        new Customer(row.GetString(2), row.GetString(3), row.GetString(4)),
        row.GetString(5),
        JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(8), ContractsJson.Default.IReadOnlyListOrderLine)!,
        row.GetDecimal(6),
        row.GetFieldValue<DateTimeOffset>(7));
}
