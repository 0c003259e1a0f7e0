using FanOut.Bench.Services;

namespace FanOut.Bench.StreamConsole;

/// <summary>What a viewer of the console costs the whole system, and how fast the console's questions are answered over large tables.</summary>
internal sealed class ConsoleScenario : IScenario
{
    private const string Unit = "orders/s";
    private const string CpuUnit = "orders per CPU second";

    public string Name => "console";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken) =>
        [.. await ViewAsync(run, cancellationToken), .. await LargeTables.RunAsync(run, cancellationToken)];

    private async Task<IReadOnlyList<Measurement>> ViewAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var sink = await WebhookSink.StartAsync(cancellationToken);
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var system = new SystemProcesses(servers, servers.Database);
        await using var api = await system.StartAsync("OrderApi", cancellationToken);
        await using var reclaimer = await system.StartAsync("Reclaimer", cancellationToken);
        await using var webhooks = await system.StartWorkerAsync("WebhookWorker", sink, cancellationToken);
        await using var analytics = await system.StartWorkerAsync("AnalyticsWorker", sink, cancellationToken);
        await using var notifications = await system.StartWorkerAsync("NotificationWorker", sink, cancellationToken);
        await using var console = await system.StartAsync(
            "StreamConsole",
            cancellationToken,
            ("ASPNETCORE_ENVIRONMENT", "Development"), // The browser signs in by an address.
            Address("order-api", api),
            Address("reclaimer", reclaimer),
            Address("webhook-worker", webhooks),
            Address("analytics-worker", analytics),
            Address("notification-worker", notifications));
        var watch = new GroupWatch(servers.Redis, new StreamName("orders"));
        await using var viewer = await ConsoleViewer.StartAsync(console, cancellationToken);
        await using var posting = new OrderPosting(api.Http, watch, SystemProcesses.Workers.Length, cancellationToken);
        await MeasureAsync(isViewed: true, run.Pick(180, 60, 0.5)); // Warms up: the runtime compiles the pages, and again what is used often.
        var seconds = run.Pick(30, 10, 2.5);
        var rounds = new List<Dictionary<string, double>>();
        for (var round = 1; round <= run.Rounds; round++)
        {
            // Whatever drifts while the tables grow takes its turn on both sides.
            var isViewedFirst = round % 2 == 0;
            var first = await MeasureAsync(isViewedFirst, seconds);
            var second = await MeasureAsync(!isViewedFirst, seconds);
            var (alone, viewed) = isViewedFirst ? (second, first) : (first, second);
            rounds.Add(new()
            {
                ["alone"] = alone.Rate,
                ["viewed"] = viewed.Rate,
                ["alone per CPU"] = alone.PerCpu,
                ["viewed per CPU"] = viewed.PerCpu,
                ["unused"] = alone.ConsoleCpu,
                ["used"] = viewed.ConsoleCpu,
            });
            var seen = string.Join(", ", rounds[^1].Select(figure => $"{figure.Key} {Quantity.Format(figure.Value)}"));
            run.Say($"console round {round}/{run.Rounds}: {seen}");
        }

        // A round measures all variants at once.
        return await Rounds.RunAsync(
            Name,
            run with { Say = _ => { } },
            [
                Measured("nobody looks", Standing.Limit, CpuUnit, "alone per CPU"),
                Measured("a browser shows the overview", Standing.Ours, CpuUnit, "viewed per CPU", Goal.RatioAtLeast(0.97)),
                Measured("nobody looks", Standing.Limit, Unit, "alone"),
                Measured("a browser beside it shows the overview", Standing.Ours, Unit, "viewed"),
                Measured("CPU of the console, nobody looks", Standing.Ours, "% of a core", "unused"),
                Measured("CPU of the console, a browser shows the overview", Standing.Ours, "% of a core", "used"),
            ],
            cancellationToken,
            warmUp: false);

        Variant Measured(string name, Standing standing, string unit, string key, params Goal[] goals)
        {
            var next = 0;
            return Variant.Of(name, standing, unit, (_, _) => Task.FromResult(rounds[next++][key]), goals);
        }

        async Task<(double Rate, double PerCpu, double ConsoleCpu)> MeasureAsync(bool isViewed, double length)
        {
            var page = isViewed ? await viewer.OpenAsync(cancellationToken) : null;
            await WaitAsync(run.Pick(20, 20, 1.0)); // A page that was closed counts as one that may come back for 15 s.
            var (started, accepted) = (TimeProvider.System.GetTimestamp(), posting.Accepted);
            var (used, usedByConsole) = (ProcessTree.ProcessorSeconds(viewer.ProcessId), console.ProcessorTime);
            await WaitAsync(length);
            var (elapsed, orders) = (TimeProvider.System.GetElapsedTime(started), posting.Accepted - accepted);
            used = ProcessTree.ProcessorSeconds(viewer.ProcessId) - used;
            usedByConsole = console.ProcessorTime - usedByConsole;
            if (page is not null)
            {
                await viewer.CloseAsync(page, cancellationToken);
            }

            return (orders / elapsed.TotalSeconds, orders / used, 100 * usedByConsole / elapsed);
        }

        Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System, cancellationToken);
    }

    private static (string Key, string Value) Address(string name, ServiceProcess service) =>
        ($"services__{name}__http__0", service.Http.BaseAddress!.ToString());
}
