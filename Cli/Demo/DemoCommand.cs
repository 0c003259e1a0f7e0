using System.Collections.Concurrent;
using System.CommandLine;
using System.Globalization;
using FanOut.Cli.Running;
using FanOut.Contracts;
using Npgsql;
using Refit;
using Spectre.Console;

namespace FanOut.Cli.Demo;

internal static class DemoCommand
{
    private const int DefaultOrders = 1000;

    public static Command Create(Workspace workspace)
    {
        var orders = new Option<int?>("--orders") { Description = $"Number of generated orders (default {DefaultOrders})." };
        var rate = new Option<double?>("--rate") { Description = "Orders per second (default: as fast as the API answers)." };
        var file = new Option<FileInfo?>("--file") { Description = "Place the orders in this file, one JSON object per line." };
        var timeout = new Option<double>("--timeout")
        {
            Description = "Seconds without progress after which the demo fails.",
            DefaultValueFactory = _ => 180,
        };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        orders.MustBe("above 0", count => count > 0);
        rate.MustBe("above 0", perSecond => perSecond > 0);
        timeout.MustBe("1 to 86400 seconds", seconds => seconds is >= 1 and <= 86_400);
        var command = new Command(
            "demo",
            "Place orders through the API and check that each takes effect exactly once in every group.") { orders, rate, file, timeout, json };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var status = await SystemStatus.ReadAsync(workspace, cancellationToken);
            if (status.Url("order-api") is not { } api || status.ConnectionString("fanout") is not { } postgres)
            {
                AnsiConsole.MarkupLine("[red]The system is not running.[/] Start it first: [bold]./fanout up --detach[/]");
                return 1;
            }

            if (arguments.GetValue(file) is { Exists: false } missing)
            {
                AnsiConsole.MarkupLine($"[red]No such file:[/] {Markup.Escape(missing.FullName)}");
                return 1;
            }

            var all = arguments.GetValue(file) is { } source
                ? OrderSource.FromFile(source.FullName).Take(arguments.GetValue(orders) ?? int.MaxValue).ToList()
                : [.. OrderSource.Generate(arguments.GetValue(orders) ?? DefaultOrders, TimeProvider.System.GetUtcNow())];
            var quiet = arguments.GetValue(json);
            var limit = TimeSpan.FromSeconds(arguments.GetValue(timeout));
            try
            {
                var (result, refusals) = await RunAsync(
                    api, status.ApiKey(), postgres, all, arguments.GetValue(rate), limit, quiet, cancellationToken);
                Output.Write(quiet, result, DemoJson.Default.DemoResult, _ => Show(result, refusals));
                return result.IsExact ? 0 : 1;
            }
            catch (NpgsqlException e)
            {
                AnsiConsole.MarkupLineInterpolated($"[red]The effects cannot be counted. Was the system stopped?[/] Postgres: {e.Message}");
                return 1;
            }
        });
        return command;
    }

    private static async Task<(DemoResult Result, IReadOnlyCollection<string> Refusals)> RunAsync(
        string api, string? key, string postgres, List<PlaceOrder> orders, double? rate, TimeSpan timeout, bool quiet,
        CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        using var handler = new SocketsHttpHandler { UseProxy = false };
        using var http = new HttpClient(handler) { BaseAddress = new Uri(api), Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        await using var database = NpgsqlDataSource.Create(postgres);
        var ledger = new EffectLedger(database);
        var before = await ledger.ProgressAsync(cancellationToken);
        var placer = new OrderPlacer(
            RestService.For<IOrderApi>(http, new RefitSettings(new SystemTextJsonContentSerializer(ContractsJson.Default.Options))), rate, time);
        var begun = time.GetTimestamp();
        var placing = TimeSpan.Zero;
        var progress = quiet ? null : AnsiConsole.Progress().Columns(
            new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn());
        await (progress is null ? RunTasksAsync(null) : progress.StartAsync(RunTasksAsync));
        var after = await ledger.ProgressAsync(cancellationToken);
        var groups = new List<GroupResult>();
        foreach (var group in EffectLedger.Groups)
        {
            var effects = await ledger.EffectsAsync(group, [.. placer.Placed.Keys], cancellationToken);
            groups.Add(Summarize(group, placer.Placed, effects, before.GetValueOrDefault(group), after.GetValueOrDefault(group)));
        }

        var result = new DemoResult(
            orders.Count, placer.Answered, placer.Refusals.Count, placing.TotalSeconds, time.GetElapsedTime(begun).TotalSeconds, groups);
        return (result, placer.Refusals);

        async Task RunTasksAsync(ProgressContext? context)
        {
            var bar = context?.AddTask("orders placed", maxValue: orders.Count);
            var bars = EffectLedger.Groups.ToDictionary(group => group, group => context?.AddTask(group, maxValue: orders.Count));
            await placer.PlaceAsync(orders, () => bar?.Increment(1), cancellationToken);
            placing = time.GetElapsedTime(begun);
            string[] ids = [.. placer.Placed.Keys];
            foreach (var groupBar in bars.Values.OfType<ProgressTask>())
            {
                groupBar.MaxValue = Math.Max(1, ids.Length);
            }

            await new EffectWatch(ledger, time).WaitAsync(ids, timeout, (group, done) => bars[group]?.Value(done), cancellationToken);
        }
    }

    private static GroupResult Summarize(
        string group,
        ConcurrentDictionary<string, DateTimeOffset> placed,
        Dictionary<string, (long Count, DateTimeOffset First)> effects,
        (long DuplicatesPrevented, long DeadLetters) before,
        (long DuplicatesPrevented, long DeadLetters) after)
    {
        // A repeated order took effect before it was sent.
        double[] latencies =
            [.. effects.Select(effect => (effect.Value.First - placed[effect.Key]).TotalMilliseconds).Where(latency => latency >= 0).Order()];
        return new GroupResult(
            group,
            placed.Count,
            effects.Values.Sum(effect => effect.Count),
            after.DuplicatesPrevented - before.DuplicatesPrevented,
            after.DeadLetters - before.DeadLetters,
            Percentile(latencies, 0.50),
            Percentile(latencies, 0.99),
            placed.Count - effects.Count,
            effects.Values.Sum(effect => effect.Count - 1));
    }

    private static double? Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? null : Math.Round(sorted[(int)Math.Ceiling(share * sorted.Length) - 1], 1);

    private static void Show(DemoResult result, IReadOnlyCollection<string> refusals)
    {
        var table = new Table().Border(TableBorder.Rounded)
            .AddColumns("group", "events", "effects", "duplicates prevented", "dead letters", "p50 ms", "p99 ms", "");
        foreach (var group in result.Groups)
        {
            table.AddRow(
                group.Group,
                Number(group.Events),
                Number(group.Effects),
                Number(group.DuplicatesPrevented),
                Number(group.DeadLetters),
                group.P50Ms?.ToString(CultureInfo.InvariantCulture) ?? "-",
                group.P99Ms?.ToString(CultureInfo.InvariantCulture) ?? "-",
                group.IsExact ? "[green]exactly once[/]" : $"[red]{group.Missing} missing, {group.Over} duplicated[/]");
        }

        AnsiConsole.Write(table);
        AnsiConsole.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"{result.Placed} of {result.Orders} orders placed in {result.PlacingSeconds:F1} s, all done after {result.Seconds:F1} s.");
        foreach (var refusal in refusals.Take(5))
        {
            AnsiConsole.MarkupLineInterpolated($"[red]refused:[/] {refusal}");
        }

        static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
    }
}
