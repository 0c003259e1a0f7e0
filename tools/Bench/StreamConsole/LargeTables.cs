using System.Globalization;
using FanOut.Bench.Services;

namespace FanOut.Bench.StreamConsole;

/// <summary>How fast the reclaimer answers what the pages ask, with millions of events and a hundred thousand dead letters.</summary>
internal static class LargeTables
{
    private const string Name = "console-data";
    private const int Asks = 20;
    private const int MostMilliseconds = 300;
    private const int DelayBuckets = 113;
    private static readonly string CreateFunctions = EmbeddedSql.Read("StreamConsole.create_functions.sql");
    private static readonly string FillEvents = EmbeddedSql.Read("StreamConsole.fill_events.sql");
    private static readonly string FinishEvents = EmbeddedSql.Read("StreamConsole.finish_events.sql");
    private static readonly string FillDeadLetters = EmbeddedSql.Read("StreamConsole.fill_dead_letters.sql");
    private static readonly string FillHistory = EmbeddedSql.Read("StreamConsole.fill_history.sql");
    private static readonly string FindExample = EmbeddedSql.Read("StreamConsole.find_example.sql");

    public static async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var events = run.Pick(5_000_000, 500_000, 5_000);
        var deadLetters = run.Pick(100_000, 100_000, 1_000);
        await using var sink = await WebhookSink.StartAsync(cancellationToken);
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var system = new SystemProcesses(servers, servers.Database);
        foreach (var project in SystemProcesses.Workers)
        {
            // Registers its group.
            await (await system.StartWorkerAsync(project, sink, cancellationToken)).DisposeAsync();
        }

        run.Say($"{Name}: fills {events:n0} events and {deadLetters:n0} dead letters");
        var stream = new NpgsqlParameter<int> { TypedValue = await StreamAsync(servers, cancellationToken) };
        await FillAsync(CreateFunctions);
        await FillAsync(FillEvents, stream, Of(events));
        await FillAsync(FinishEvents, stream, Of(events));
        await FillAsync(FillDeadLetters, stream, Of(events), Of(deadLetters));
        await FillAsync(FillHistory, stream, Of(DelayBuckets));
        await FillAsync("vacuum analyze");
        await FillAsync("checkpoint");
        var middle = await ExampleAsync(events / 2);
        var near = await ExampleAsync(events - (events / 250));
        await using var reclaimer = await system.StartAsync("Reclaimer", cancellationToken);
        return await Rounds.RunAsync(
            Name,
            run with { Rounds = run.Pick(Asks, Asks, 1), Say = _ => { } },
            [
                Ask("events, newest page", "/events"),
                Ask("events, page in the middle", $"/events?after={events / 2}"),
                Ask("events from a time", $"/events?from={middle.At.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)}"),
                Ask("events from the id of an event", $"/events?from={middle.Id}"),
                Ask("events of a subject, found on the way", $"/events?subject={near.Subject}"),
                Ask("events of a subject, not found", $"/events?subject={Guid.Empty}"),
                Ask("events with a text, not found", "/events?text=nothing%20like%20this"),
                Ask("event opened", $"/events/{events / 2}"),
                Ask("journey of an order", $"/orders/{middle.Subject}/journey"),
                Ask("dead letters, newest page", "/dead-letters"),
                Ask("dead letters of a group", "/dead-letters?group=analytics-pipeline"),
                Ask("dead letters by kind of error", "/dead-letters/errors"),
                Ask("dead letters of a kind", $"/dead-letters?kind={Uri.EscapeDataString(await KindAsync())}"),
                Ask("dead letters of a subject, not found", $"/dead-letters?subject={Guid.Empty}"),
                Ask("dead letters with an error, not found", "/dead-letters?error=nothing%20like%20this"),
                Ask("dead letter opened", $"/dead-letters/{deadLetters / 2}"),
                Ask("streams", "/streams"),
                Ask("groups", "/groups"),
                Ask("history of 15 minutes", "/history?range=15m"),
                Ask("history of a day", "/history?range=1d"),
                Ask("Kafka trigger", "/kafka-trigger"),
                Ask("recorded actions", "/actions"),
            ],
            cancellationToken);

        Variant Ask(string name, string path) => Variant.Of(
            name,
            Standing.Ours,
            "ms",
            async (_, token) =>
            {
                var started = TimeProvider.System.GetTimestamp();
                using var answer = await reclaimer.Http.GetAsync(new Uri(path, UriKind.Relative), token);
                var body = await answer.Content.ReadAsStringAsync(token);
                return answer.IsSuccessStatusCode
                    ? TimeProvider.System.GetElapsedTime(started).TotalMilliseconds
                    : throw new InvalidOperationException($"{path} answered {(int)answer.StatusCode}: {body}");
            },
            new Goal($"each ≤ {MostMilliseconds} ms", measurement => measurement.Highest <= MostMilliseconds));

        Task FillAsync(string sql, params NpgsqlParameter[] parameters) =>
            BenchServers.ExecuteAsync(servers.Postgres, sql, cancellationToken, [.. parameters.Select(parameter => parameter.Clone())]);

        static NpgsqlParameter<int> Of(int value) => new() { TypedValue = value };

        async Task<(Guid Id, string Subject, DateTimeOffset At)> ExampleAsync(long position)
        {
            await using var command = servers.Postgres.CreateCommand(FindExample);
            command.Parameters.Add(stream.Clone());
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = position });
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            await row.ReadAsync(cancellationToken);
            return (row.GetGuid(0), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2));
        }

        async Task<string> KindAsync()
        {
            await using var command = servers.Postgres.CreateCommand("select kind from bus.retry limit 1");
            return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
        }
    }

    private static async Task<int> StreamAsync(BenchServers servers, CancellationToken cancellationToken)
    {
        await using var command = servers.Postgres.CreateCommand("select id from bus.stream");
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
