using FanOut.Contracts.Operations;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.WorkQueues;
using Npgsql;

namespace FanOut.Reclaimer.Actions;

/// <summary>Reads what callers of all services changed.</summary>
internal sealed class ActionLog(NpgsqlDataSource dataSource)
{
    // Postgres lets no service delete a younger record: see 002_actions.sql.
    private static readonly TimeSpan Retention = TimeSpan.FromDays(400);

    private static readonly string List = EmbeddedSql.Read(typeof(ActionLog), "list_actions.sql");

    public static Sweep Sweep { get; } = new([EmbeddedSql.Read(typeof(ActionLog), "delete_actions.sql")], Retention, TimeSpan.FromHours(1));

    public async Task<List<OperatorAction>> ListAsync(long? before, int atMost, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(List);
        command.Parameters.Add(new() { Value = before ?? long.MaxValue });
        command.Parameters.Add(new() { Value = atMost });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var actions = new List<OperatorAction>();
        while (await reader.ReadAsync(cancellationToken))
        {
            actions.Add(new(
                reader.GetInt64(reader.GetOrdinal("id")),
                reader.GetFieldValue<DateTimeOffset>(reader.GetOrdinal("at")),
                reader.GetString(reader.GetOrdinal("by_name")),
                reader.GetString(reader.GetOrdinal("service")),
                reader.GetString(reader.GetOrdinal("action")),
                reader.GetString(reader.GetOrdinal("target")),
                reader.GetFieldValue<int?>(reader.GetOrdinal("status"))));
        }

        return actions;
    }
}
