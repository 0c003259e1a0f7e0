using FanOut.Bench.Services;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.Bench.Latency;

/// <summary>The time from when an event is due until a handler gets it, and until its effect is committed.</summary>
internal sealed class LatencyScenario : IScenario
{
    /// <summary>From this rate on, the outbox gets several events per transaction, as from a busy API.</summary>
    private const int LargestTransactionRate = 1_000;

    private static readonly int[] Rates = [100, 1_000, 10_000];
    private static readonly double[] Percentiles = [50, 90, 99, 99.9];
    private static readonly StreamName Bare = new("bare");
    private static readonly StreamName Relayed = new("relayed");

    public string Name => "latency";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        await using var relayed = await LatencyHost.StartAsync(servers, Relayed, cancellationToken);
        await using var connection = await servers.RedisServer.ConnectAsync();
        var bare = new LatencyRecorder();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var receiving = new BareReceiver(connection, Bare, bare).RunAsync(stopping.Token);
        await Until.TrueAsync(async () => await servers.Redis.KeyExistsAsync(Bare.Value), "the receiver to run", cancellationToken);
        var outbox = relayed.Services.GetRequiredService<Outbox>();
        var order = BenchOrder.Create(1);
        var measurements = new List<Measurement>();
        foreach (var rate in Rates)
        {
            var perTransaction = Math.Max(1, rate / LargestTransactionRate);
            measurements.AddRange(await Rounds.RunAsync(
                $"latency-{rate}",
                run,
                [
                    new Variant("XADD to blocked XREADGROUP", Standing.Limit, Figures(""), async (warmUp, token) =>
                    {
                        await OpenLoopAsync(warmUp, 1, [bare], AddAsync, token);
                        return bare.MillisecondsAt(Percentiles);
                    }),
                    Ours("outbox and relay", perTransaction, async (number, due) =>
                    {
                        await using var session = await relayed.Database.DataSource.OpenConnectionAsync(cancellationToken);
                        var numbers = Enumerable.Range(number * perTransaction, perTransaction);
                        await outbox.AddAsync(session, [.. numbers.Select(each => New(each, due))], cancellationToken);
                        outbox.NotifyCommitted();
                    }),
                ],
                cancellationToken));

            Task AddAsync(int number, long due)
            {
                var data = JsonSerializer.SerializeToUtf8Bytes(new TimedEvent(number, due, order), BenchJson.Default.TimedEvent);
                return servers.Redis.StreamAddAsync(Bare.Value, new BenchEvent(number, TimedEvent.EventType, "1", data).ToEntry());
            }

            NewEvent<TimedEvent> New(int number, long due) => new("1", new TimedEvent(number, due, order));

            async Task OpenLoopAsync(bool warmUp, int perCall, LatencyRecorder[] recorders, Func<int, long, Task> publish, CancellationToken token)
            {
                var seconds = warmUp ? run.Pick(3.0, 1.0, 0.2) : run.Pick(15.0, 2.0, 0.3);
                var events = Math.Max((int)(rate * seconds) / perCall, 10) * perCall;
                Array.ForEach(recorders, recorder => recorder.Reset(events / 10));
                var calls = new List<Task>(events);
                await Pacer.RunAsync(rate / perCall, events / perCall, (number, due) => calls.Add(publish(number, due)), token);
                await Task.WhenAll(calls);
                await Until.TrueAsync(() => Task.FromResult(recorders.All(recorder => recorder.Seen >= events)), "the events", token);
            }

            Variant Ours(string name, int perCall, Func<int, long, Task> publish) => new(
                name,
                Standing.Ours,
                [.. Figures("to handler", ToHandler(rate)), .. Figures("to effect", ToEffect(rate))],
                async (warmUp, token) =>
                {
                    var (handled, committed) = (relayed.Recorders.Handled, relayed.Recorders.Committed);
                    await OpenLoopAsync(warmUp, perCall, [handled, committed], publish, token);
                    return [.. handled.MillisecondsAt(Percentiles), .. committed.MillisecondsAt(Percentiles)];
                });
        }

        await stopping.CancelAsync();
        await receiving;
        measurements.AddRange(await IdleAsync(servers, run, cancellationToken));
        return measurements;
    }

    /// <summary>The CPU use of an idle worker.</summary>
    private static async Task<IReadOnlyList<Measurement>> IdleAsync(BenchServers servers, BenchRun run, CancellationToken cancellationToken)
    {
        var system = new SystemProcesses(servers, servers.Database);
        await using var worker = await system.StartAsync("AnalyticsWorker", cancellationToken);
        return await Rounds.RunAsync(
            "latency-idle",
            run,
            [
                Variant.Of(
                    "CPU of an analytics worker that waits for events",
                    Standing.Ours,
                    "% of a core",
                    async (warmUp, token) =>
                    {
                        // What a process compiles after its start is not what it costs to wait.
                        var before = worker.ProcessorTime;
                        var started = TimeProvider.System.GetTimestamp();
                        var seconds = warmUp ? run.Pick(60, 30, 1) : run.Pick(10, 5, 1);
                        await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System, token);
                        return (worker.ProcessorTime - before) / TimeProvider.System.GetElapsedTime(started) * 100;
                    },
                    Goal.ValueAtMost(1, "% of a core")),
            ],
            cancellationToken);
    }

    private static (double P50, double P99)? ToHandler(int rate) => rate switch { 100 => (4, 4), 1_000 => (12, 6.5), _ => null };

    private static (double P50, double P99)? ToEffect(int rate) => rate == 1_000 ? (15, 8) : null;

    private static FigureSpec[] Figures(string prefix, (double P50, double P99)? most = null) => Array.ConvertAll(Percentiles, percentile =>
    {
        double? bound = percentile switch { 50 => most?.P50, 99 => most?.P99, _ => null };
        Goal[] goals = bound is { } times ? [Goal.RatioAtMost(times)] : [];
        return new FigureSpec($"{prefix} p{percentile:0.#}".Trim(), "ms", goals) { LimitFigure = $"p{percentile:0.#}" };
    });
}
