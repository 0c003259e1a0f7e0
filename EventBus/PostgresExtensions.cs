using Npgsql;
using NpgsqlTypes;

namespace FanOut.EventBus;

/// <summary>Runs single statements, and reads columns by name.</summary>
internal static class PostgresExtensions
{
    /// <returns>The value; the type's default (null for reference and nullable types) where the column is null.</returns>
    public static T Get<T>(this NpgsqlDataReader reader, string column)
    {
        var ordinal = reader.GetOrdinal(column);
        return reader.IsDBNull(ordinal) ? default! : reader.GetFieldValue<T>(ordinal);
    }

    /// <summary>Reads the rest of the present result.</summary>
    public static async Task<List<T>> ReadAllAsync<T>(
        this NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    public static async Task<List<T>> QueryAsync<T>(
        this NpgsqlDataSource postgres, string sql, object[] values, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(sql).With(values);
        return await command.QueryAsync(read, cancellationToken);
    }

    public static async Task<List<T>> QueryAsync<T>(this NpgsqlCommand command, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAllAsync(read, cancellationToken);
    }

    /// <returns>The first column of the first row; null where there is no row.</returns>
    public static async Task<object?> ScalarAsync(
        this NpgsqlDataSource postgres, string sql, object[] values, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(sql).With(values);
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <returns>How many rows were changed.</returns>
    public static async Task<int> ExecuteAsync(this NpgsqlDataSource postgres, string sql, object[] values, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(sql).With(values);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Clears the pool where Postgres has refused to write: after a failover behind one address, pooled sessions stay on the demoted node.
    /// </summary>
    public static void ClearIfReadOnly(this NpgsqlDataSource postgres, Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction })
            {
                postgres.Clear();
            }
        }
    }

    /// <summary>Gives a statement its parameters $1, $2, ...</summary>
    public static NpgsqlCommand With(this NpgsqlCommand command, params ReadOnlySpan<object> values)
    {
        Add(command.Parameters, values);
        return command;
    }

    /// <inheritdoc cref="With(NpgsqlCommand, ReadOnlySpan{object})"/>
    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, params ReadOnlySpan<object> values)
    {
        Add(command.Parameters, values);
        return command;
    }

    /// <summary>A parameter that may be null.</summary>
    public static NpgsqlParameter Nullable(NpgsqlDbType type, object? value) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    /// <summary>A text that may be null, to be compared with others. Postgres has no text with null characters.</summary>
    public static NpgsqlParameter NullableText(string? text) => Nullable(NpgsqlDbType.Text, text?.Replace('\0', '\uFFFD'));

    private static void Add(NpgsqlParameterCollection parameters, ReadOnlySpan<object> values)
    {
        foreach (var value in values)
        {
            parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });
        }
    }
}
