using System.Data;
using System.Reflection;
using FanOut.EventBus;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.Cli.Verify;

/// <summary>
/// Verifies what the library verifies, and the order system's own tables at the same moment: every order has its event, every event that a
/// group has done has one effect there, and the revenue adds up.
/// </summary>
internal sealed class SystemVerifier(IConnectionMultiplexer redis, NpgsqlDataSource postgres)
{
    public async Task<SystemVerification> VerifyAsync(StreamName stream, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var bus = await new StreamVerifier(redis, postgres).VerifyAsync(stream, transaction, cancellationToken);
        var problems = bus.Findings
            .Select(one => new Problem(
                one.Kind.ToString().ToLowerInvariant(), one.Group.Value, one.Subject, one.EventId, one.Position, one.Detail))
            .ToList();
        var found = bus.FindingCount - problems.Count;
        await FindWrongOrdersAsync(connection, stream, problems, cancellationToken);
        await FindWrongEffectsAsync(connection, stream, problems, cancellationToken);
        await FindWrongRevenueAsync(connection, problems, cancellationToken);
        var (orders, events, effects) = await CountAsync(connection, stream, cancellationToken);
        return new SystemVerification(
            stream.Value, orders, events, bus.Groups.Select(group => group.Unpublished).DefaultIfEmpty().Max(), bus.OnStream,
            [.. bus.Groups.Select(group => new GroupTotals(
                group.Group.Value, group.Done, effects.GetValueOrDefault(group.Group.Value), group.Undelivered, group.Pending, group.Waiting,
                group.DeadLetters, group.Discarded, group.Missing, group.IsDrained))],
            problems,
            found + problems.Count);
    }

    private static async Task FindWrongOrdersAsync(
        NpgsqlConnection connection, StreamName stream, List<Problem> problems, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, "find_wrong_orders.sql", stream.Value, StreamVerifier.MaxFindings);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (what, order) = (Get<string>(reader, "difference"), Get<string>(reader, "order"));
            problems.Add(what switch
            {
                "no event" => new("missing", null, order, null, null, "The order has no event in the outbox."),
                "no order" => new("missing", null, order, null, null, "The outbox has an event of an order that no longer exists."),
                _ => new("doubled", null, order, null, null, "The outbox has more than one order.placed event of this order."),
            });
        }
    }

    private static async Task FindWrongEffectsAsync(
        NpgsqlConnection connection, StreamName stream, List<Problem> problems, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, "find_wrong_effects.sql", stream.Value, StreamVerifier.MaxFindings);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (times, isDone) = (Get<long>(reader, "times"), Get<bool>(reader, "is_done"));
            problems.Add(new(
                times == 0 ? "missing" : "doubled",
                Get<string>(reader, "group"),
                Get<string>(reader, "subject"),
                Get<Guid>(reader, "id"),
                Get<long>(reader, "position"),
                (isDone, times) switch
                {
                    (true, 0) => "The inbox records the event as done, but the worker's tables have no effect. The worker may have removed it "
                        + "if it keeps its rows for less time than EventBus:Reclaimer:KeepOutboxFor.",
                    (true, _) => $"The inbox records the event as done, but the worker's tables have {times} effects.",
                    _ => $"The event is not done, waits for a retry or is a dead letter, but the worker's tables have {times} effect(s).",
                }));
        }
    }

    private static async Task FindWrongRevenueAsync(NpgsqlConnection connection, List<Problem> problems, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, "find_wrong_revenue.sql");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (currency, booked, expected) = (Get<string>(reader, "currency"), Get<string>(reader, "booked"), Get<string>(reader, "expected"));
            var (kind, hint) = Get<bool>(reader, "is_missing")
                ? ("missing", "")
                : ("doubled", " Orders whose rows of analytics.order_effect were pruned are not counted.");
            var detail = $"The booked revenue is {booked} {currency}, but the orders with an effect total {expected}.{hint}";
            problems.Add(new(kind, "analytics-pipeline", null, null, null, detail));
        }
    }

    private static async Task<(long Orders, long Events, Dictionary<string, long> Effects)> CountAsync(
        NpgsqlConnection connection, StreamName stream, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, "count_effects.sql", stream.Value);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (Get<long>(reader, "orders"), Get<long>(reader, "events"), new()
        {
            ["webhook-delivery"] = Get<long>(reader, "webhooks"),
            ["analytics-pipeline"] = Get<long>(reader, "analytics"),
            ["notification-sender"] = Get<long>(reader, "notifications"),
        });
    }

    private static T Get<T>(NpgsqlDataReader reader, string column) => reader.GetFieldValue<T>(reader.GetOrdinal(column));

    private static NpgsqlCommand Command(NpgsqlConnection connection, string file, params object[] values)
    {
        var command = new NpgsqlCommand(Read(file), connection) { CommandTimeout = 0 };
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        return command;
    }

    private static string Read(string file)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream($"FanOut.Cli.Verify.{file}")!);
        return reader.ReadToEnd();
    }
}
