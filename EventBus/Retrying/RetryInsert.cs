using FanOut.EventBus.Groups;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.EventBus.Retrying;

/// <summary>Adds rows to the retry queue, all in one statement.</summary>
internal static class RetryInsert
{
    private static readonly string Sql = EmbeddedText.Read("Retrying.insert_retries.sql");

    /// <summary>The command, for the transaction that has taken the rows' positions.</summary>
    public static NpgsqlBatchCommand Command(RegisteredGroup group, IReadOnlyCollection<NewRetry> rows)
    {
        var command = new NpgsqlBatchCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = group.Id });
        Add(NpgsqlDbType.Bigint, rows.Select(row => row.Position).ToArray());
        Add(NpgsqlDbType.Text, rows.Select(row => row.EntryId).ToArray());
        Add(NpgsqlDbType.Uuid, rows.Select(row => row.Event?.Id).ToArray());
        AddText(row => row.Event?.Type.ToString());
        AddText(row => row.Event?.Source);
        AddText(row => row.Event?.Subject);
        Add(NpgsqlDbType.TimestampTz, rows.Select(row => row.Event?.Time.UtcDateTime).ToArray());
        Add(NpgsqlDbType.Bytea, rows.Select(row => row.Event?.Data.ToArray()).ToArray());
        AddText(row => row.Event?.HeadersJson);
        AddText(row => row.Event?.TraceParent);
        AddText(row => row.Event?.TraceState);
        AddText(row => row.Fields);
        AddText(row => row.IsDead ? RetryState.Dead : RetryState.Waiting);
        Add(NpgsqlDbType.Integer, rows.Select(row => row.Attempts).ToArray());
        Add(NpgsqlDbType.Interval, rows.Select(row => row.Delay).ToArray());
        AddText(row => row.Error);
        return command;

        void Add(NpgsqlDbType type, object values) =>
            command.Parameters.Add(new NpgsqlParameter { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type });

        void AddText(Func<NewRetry, string?> value) =>
            Add(NpgsqlDbType.Text, rows.Select(row => value(row) is { } text ? Clean(text) : null).ToArray());

        static string Clean(string text) => text.Contains('\0', StringComparison.Ordinal) ? text.Replace('\0', '\uFFFD') : text;
    }
}
