using FanOut.Bench.Ingest;
using FanOut.Bench.Services;

namespace FanOut.Bench.EndToEnd;

/// <summary>The whole system at the rate that it can sustain, compared with its slowest part alone.</summary>
internal sealed class EndToEndScenario : IScenario
{
    private const int Connections = 8;
    private const int BatchSize = 100;
    private const string Unit = "orders/s";
    private const string ApiStage = "OrderApi with its relay";

    private static readonly StreamName Stream = new("orders");

    public string Name => "end-to-end";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var sink = await WebhookSink.StartAsync(cancellationToken);
        var count = run.Pick(run.Rounds, 1, 1);
        var rounds = new List<Dictionary<string, double>>();
        for (var number = 1; number <= count; number++)
        {
            var stages = await StagesAsync(run, sink, cancellationToken);
            var alone = string.Join(", ", stages.Select(stage => $"{stage.Key} {Quantity.Format(stage.Value)}"));
            run.Say($"end-to-end round {number}/{count}: alone: {alone} {Unit}");
            var (accepted, behindAtStart, behindAtEnd) = await TogetherAsync(run, sink, cancellationToken);
            run.Say($"end-to-end round {number}/{count}: together {Quantity.Format(accepted)} {Unit}, {behindAtStart} then {behindAtEnd} behind");
            rounds.Add(new(stages) { ["slowest"] = stages.Values.Min(), ["together"] = accepted, ["start"] = behindAtStart, ["end"] = behindAtEnd });
        }

        // A round measures all variants at once.
        return await Rounds.RunAsync(
            Name,
            run with { Rounds = count, Say = _ => { } },
            [
                Measured("slowest stage alone", Standing.Limit, Unit, "slowest"),
                Measured("all together, accepted while all groups keep up", Standing.Ours, Unit, "together", Goal.RatioAtLeast(0.45)),
                .. SystemProcesses.Workers.Prepend(ApiStage).Select(stage => Measured($"{stage} alone", Standing.Rival, Unit, stage)),
                Measured("behind when the measurement began", Standing.Ours, "orders", "start"),
                Measured("behind when it ended", Standing.Ours, "orders", "end", Goal.ValueAtMost(OrderPosting.MaxBehind * 1.5, "orders")),
            ],
            cancellationToken,
            warmUp: false);

        Variant Measured(string name, Standing standing, string unit, string key, params Goal[] goals)
        {
            var next = 0;
            return Variant.Of(name, standing, unit, (_, _) => Task.FromResult(rounds[next++][key]), goals);
        }
    }

    private static async Task<Dictionary<string, double>> StagesAsync(BenchRun run, WebhookSink sink, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var system = new SystemProcesses(servers, servers.Database);
        var watch = new GroupWatch(servers.Redis, Stream);
        var stages = new Dictionary<string, double>();
        await using (var api = await system.StartAsync("OrderApi", cancellationToken))
        {
            var bodies = new OrderBodies(BatchSize);
            var duration = TimeSpan.FromSeconds(run.Pick(10, 3, 0.5));
            await HttpLoad.RunAsync(api.Http, () => bodies.Next(false), Connections, duration / 3, 0, cancellationToken);
            var before = await watch.LengthAsync();
            var started = TimeProvider.System.GetTimestamp();
            var rate = await HttpLoad.RunAsync(api.Http, () => bodies.Next(false), Connections, duration, 0, cancellationToken) * BatchSize;

            // Accepted and published: the same stage must still publish what is left at the end.
            var outbox = new OutboxWatch(servers, Stream);
            await Until.TrueAsync(async () => await outbox.BacklogAsync(cancellationToken) == 0, "the outbox to be published", cancellationToken);
            var published = (await watch.LengthAsync() - before) / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            stages[ApiStage] = Math.Min(rate, published);
        }

        var length = await watch.LengthAsync();
        foreach (var project in SystemProcesses.Workers)
        {
            var known = (await watch.DoneAsync()).Keys;
            await using var worker = await system.StartWorkerAsync(project, sink, cancellationToken);
            var (started, first, done) = (0L, 0L, 0L);
            await Until.TrueAsync(
                async () =>
                {
                    done = (await watch.DoneAsync()).Where(group => !known.Contains(group.Key)).Select(group => group.Value).DefaultIfEmpty().Max();
                    if (done > 0 && started == 0)
                    {
                        (started, first) = (TimeProvider.System.GetTimestamp(), done);
                    }

                    return done >= length;
                },
                $"{project} to reach the end of the stream",
                cancellationToken);
            stages[project] = (length - first) / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        }

        return stages;
    }

    private static async Task<(double Accepted, long BehindAtStart, long BehindAtEnd)> TogetherAsync(
        BenchRun run, WebhookSink sink, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var system = new SystemProcesses(servers, servers.Database);
        var watch = new GroupWatch(servers.Redis, Stream);
        await using var api = await system.StartAsync("OrderApi", cancellationToken);
        await using var reclaimer = await system.StartAsync("Reclaimer", cancellationToken);
        await using var webhooks = await system.StartWorkerAsync(SystemProcesses.Workers[0], sink, cancellationToken);
        await using var analytics = await system.StartWorkerAsync(SystemProcesses.Workers[1], sink, cancellationToken);
        await using var notifications = await system.StartWorkerAsync(SystemProcesses.Workers[2], sink, cancellationToken);
        await using var posting = new OrderPosting(api.Http, watch, SystemProcesses.Workers.Length, cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(run.Pick(10, 3, 0.5)), TimeProvider.System, cancellationToken);
        var started = TimeProvider.System.GetTimestamp();
        var (acceptedBefore, behindAtStart) = (posting.Accepted, posting.Behind);
        await Task.Delay(TimeSpan.FromSeconds(run.Pick(30, 6, 0.5)), TimeProvider.System, cancellationToken);
        var rate = (posting.Accepted - acceptedBefore) / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        return (rate, behindAtStart, posting.Behind);
    }
}
