using System.Diagnostics;
using System.Globalization;
using FanOut.Contracts;
using FanOut.Contracts.Notifications;
using FanOut.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.NotificationWorker.Reading;

internal sealed class NotificationStore(NpgsqlDataSource dataSource)
{
    public const string Sent = "sent";

    private const string Group = "notification-sender";
    private const int MaxSteps = 200;

    private static readonly string Select = EmbeddedSql.Read(typeof(NotificationStore), "select_notifications.sql");
    private static readonly string FindJourney = EmbeddedSql.Read(typeof(NotificationStore), "find_journey.sql");
    private static readonly string Retry = EmbeddedSql.Read(typeof(NotificationStore), "retry_notification.sql");

    public async Task<Notification?> FindAsync(long id, CancellationToken cancellationToken) =>
        (await SelectAsync(id, null, null, null, 1, cancellationToken)).SingleOrDefault();

    public Task<List<Notification>> ListAsync(string? state, string? subject, long? before, int limit, CancellationToken cancellationToken) =>
        SelectAsync(null, state, subject, before, limit, cancellationToken);

    /// <returns>The previous state of the mail; null if there is no such mail.</returns>
    public async Task<string?> RetryAsync(long id, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Retry);
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    public async Task<Journey> FindJourneyAsync(Guid order, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(FindJourney);
        command.Parameters.Add(new() { Value = order.ToString() });
        command.Parameters.Add(new() { Value = MaxSteps });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var steps = new List<JourneyStep>();
        while (await reader.ReadAsync(cancellationToken))
        {
            steps.Add(new("group", Group, "done", reader.GetFieldValue<DateTimeOffset>(reader.GetOrdinal("created_at")), Trace: TraceOf(reader)));
            steps.Add(Step(reader));
        }

        return new(steps);
    }

    private static JourneyStep Step(NpgsqlDataReader row)
    {
        var state = row.GetString(row.GetOrdinal("state")) switch
        {
            Sent => "done",
            "failed" => "dead",
            _ => row.GetBoolean(row.GetOrdinal("in_flight")) ? "pending" : "waiting",
        };
        return new(
            "mail",
            row.GetString(row.GetOrdinal("recipient")),
            state,
            row.GetFieldValue<DateTimeOffset?>(row.GetOrdinal("finished_at")),
            row.GetValue(row.GetOrdinal("last_error")) as string,
            row.GetInt32(row.GetOrdinal("attempts")),
            state == "waiting" ? row.GetFieldValue<DateTimeOffset>(row.GetOrdinal("due_at")) : null,
            TraceOf(row),
            row.GetInt64(row.GetOrdinal("id")).ToString(CultureInfo.InvariantCulture));
    }

    private static string? TraceOf(NpgsqlDataReader row) =>
        ActivityContext.TryParse(row.GetValue(row.GetOrdinal("traceparent")) as string, null, out var trace) ? trace.TraceId.ToHexString() : null;

    private async Task<List<Notification>> SelectAsync(
        long? id, string? state, string? subject, long? before, int limit, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Select);
        command.Parameters.Add(Optional(id, NpgsqlDbType.Bigint));
        command.Parameters.Add(Optional(state, NpgsqlDbType.Text));
        command.Parameters.Add(Optional(subject, NpgsqlDbType.Text));
        command.Parameters.Add(Optional(before, NpgsqlDbType.Bigint));
        command.Parameters.Add(new() { Value = limit });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var notifications = new List<Notification>();
        while (await reader.ReadAsync(cancellationToken))
        {
            notifications.Add(new(
                reader.GetInt64(0),
                reader.GetGuid(1),
                reader.GetString(2),
                reader.GetString(3),
                reader.GetString(4),
                reader.GetInt32(5),
                reader.GetFieldValue<DateTimeOffset>(6),
                reader.GetFieldValue<DateTimeOffset?>(7),
                reader.GetFieldValue<DateTimeOffset?>(8),
                reader.GetValue(9) as string));
        }

        return notifications;
    }

    private static NpgsqlParameter Optional(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
