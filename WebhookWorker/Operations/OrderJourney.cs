using System.Diagnostics;
using System.Globalization;
using FanOut.Contracts;
using FanOut.ServiceDefaults;
using Npgsql;

namespace FanOut.WebhookWorker.Operations;

/// <summary>Reads when an order took effect here, and its deliveries.</summary>
internal sealed class OrderJourney(NpgsqlDataSource dataSource)
{
    private const string Group = "webhook-delivery";
    private const int MaxSteps = 200;

    private static readonly string Find = EmbeddedSql.Read(typeof(OrderJourney), "find_journey.sql");

    public async Task<Journey> ReadAsync(Guid order, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Find);
        command.Parameters.Add(new() { Value = order.ToString() });
        command.Parameters.Add(new() { Value = MaxSteps });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var steps = new List<JourneyStep>();
        long? last = null;
        while (await reader.ReadAsync(cancellationToken))
        {
            var found = reader.GetInt64(reader.GetOrdinal("event"));
            if (found != last)
            {
                last = found;
                var at = reader.GetFieldValue<DateTimeOffset>(reader.GetOrdinal("effected_at"));
                steps.Add(new("group", Group, "done", at, Trace: TraceOf(reader)));
            }

            if (!await reader.IsDBNullAsync(reader.GetOrdinal("id"), cancellationToken))
            {
                steps.Add(Read(reader));
            }
        }

        return new(steps);
    }

    private static JourneyStep Read(NpgsqlDataReader row)
    {
        var status = row.GetFieldValue<int?>(row.GetOrdinal("last_status"));
        var state = row.GetString(row.GetOrdinal("state")) switch
        {
            "delivered" => "done",
            "failed" => "dead",
            "cancelled" => "discarded",
            _ => row.GetBoolean(row.GetOrdinal("in_flight")) ? "pending" : "waiting",
        };
        return new(
            "webhook",
            row.GetString(row.GetOrdinal("url")),
            state,
            row.GetFieldValue<DateTimeOffset?>(row.GetOrdinal("finished_at")),
            row.GetValue(row.GetOrdinal("last_error")) as string ?? (status is null ? null : $"HTTP {status}"),
            row.GetInt32(row.GetOrdinal("attempts")),
            state == "waiting" ? row.GetFieldValue<DateTimeOffset>(row.GetOrdinal("due_at")) : null,
            TraceOf(row),
            row.GetInt64(row.GetOrdinal("id")).ToString(CultureInfo.InvariantCulture));
    }

    private static string? TraceOf(NpgsqlDataReader row) =>
        ActivityContext.TryParse(row.GetValue(row.GetOrdinal("traceparent")) as string, null, out var trace) ? trace.TraceId.ToHexString() : null;
}
