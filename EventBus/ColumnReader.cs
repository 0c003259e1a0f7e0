using Npgsql;

namespace FanOut.EventBus;

/// <summary>Reads columns by name.</summary>
internal static class ColumnReader
{
    /// <returns>The value; the type's default (null for reference and nullable types) where the column is null.</returns>
    public static T Get<T>(this NpgsqlDataReader reader, string column)
    {
        var ordinal = reader.GetOrdinal(column);
        return reader.IsDBNull(ordinal) ? default! : reader.GetFieldValue<T>(ordinal);
    }
}
