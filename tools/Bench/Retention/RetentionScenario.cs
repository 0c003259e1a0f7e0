namespace FanOut.Bench.Retention;

/// <summary>Whether what is kept stays small: at a high rate, and over a day that is compressed in time.</summary>
internal sealed class RetentionScenario : IScenario
{
    private const int HighRate = 40_000;
    private const int DayRate = 5_000;
    private const int Hours = 24;

    private const string OpenSnapshot = "begin isolation level repeatable read; select count(*) from bus.consumer_group";

    /// <summary>The hours for which the outbox keeps its events.</summary>
    private const int KeptHours = 3;

    /// <summary>Vacuum runs as often in a compressed hour as it would in some.</summary>
    private static readonly Dictionary<string, string> Settings = new() { ["autovacuum_naptime"] = "1s", ["autovacuum_vacuum_cost_delay"] = "0" };

    public string Name => "retention";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken) =>
    [
        .. await RateAsync(run, cancellationToken),
        .. await DayAsync("retention-day", run, besideOldSnapshot: false, cancellationToken),
        .. await DayAsync("retention-day-beside-a-snapshot", run, besideOldSnapshot: true, cancellationToken),
    ];

    /// <summary>Rates of the steps of an event's life while more is published; they keep up where none is slower than the first.</summary>
    private static async Task<IReadOnlyList<Measurement>> RateAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken, Settings);
        var seconds = run.Pick(60.0, 20.0, 2.0);
        var partition = (int)(HighRate * seconds / 20);
        await using var stream = await StreamInUse.StartAsync(servers, partition, TimeSpan.Zero, cancellationToken);

        // Until the first partition is dropped.
        await stream.PublishAsync(HighRate, TimeSpan.FromSeconds(seconds / 4), cancellationToken);
        var (before, started) = (await stream.LookAsync(cancellationToken), TimeProvider.System.GetTimestamp());
        await stream.PublishAsync(HighRate, TimeSpan.FromSeconds(seconds), cancellationToken);
        var (after, elapsed) = (await stream.LookAsync(cancellationToken), TimeProvider.System.GetElapsedTime(started).TotalSeconds);
        var rates = new Dictionary<string, double>
        {
            ["committed"] = (after.Highest - before.Highest) / elapsed,
            ["published"] = (after.Published - before.Published) / elapsed,
            ["recorded as done"] = (after.DoneThrough - before.DoneThrough) / elapsed,
            ["trimmed"] = (after.Published - after.Length - (before.Published - before.Length)) / elapsed,
            ["pruned"] = (after.Lowest - before.Lowest) / elapsed,
        };
        return await Rounds.RunAsync(
            "retention-rate",
            run with { Rounds = 1 },
            [
                Rate("committed", Standing.Limit),
                .. rates.Keys.Skip(1).Select(step => Rate(step, Standing.Ours, Goal.RatioAtLeast(step == "pruned" ? 0.85 : 0.95))),
            ],
            cancellationToken,
            warmUp: false);

        Variant Rate(string step, Standing standing, params Goal[] goals) =>
            Variant.Of(step, standing, "events/s", (_, _) => Task.FromResult(rates[step]), goals);
    }

    /// <summary>The largest sizes in the last third of a day, compared with those in the second third: all are flat by then.</summary>
    private static async Task<IReadOnlyList<Measurement>> DayAsync(
        string name, BenchRun run, bool besideOldSnapshot, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken, Settings);
        var hour = TimeSpan.FromSeconds(run.Pick(10.0, 2.0, 0.1));
        var partition = (int)(DayRate * hour.TotalSeconds);
        await using var stream = await StreamInUse.StartAsync(servers, partition, KeptHours * hour, cancellationToken);
        await using var snapshot = await servers.Postgres.OpenConnectionAsync(cancellationToken);
        var sizes = new List<StreamSizes>();
        for (var number = 1; number <= Hours; number++)
        {
            if (besideOldSnapshot && number == Hours / 3)
            {
                await BenchServers.ExecuteAsync(snapshot, OpenSnapshot, cancellationToken);
            }

            await stream.PublishAsync(DayRate, hour, cancellationToken);
            var now = await stream.LookAsync(cancellationToken);
            sizes.Add(now);
            run.Say($"{name} hour {number}/{Hours}: {now}");
        }

        var middle = sizes[(Hours / 3)..(2 * Hours / 3)];
        var last = sizes[(2 * Hours / 3)..];
        (string Of, string Unit, Func<StreamSizes, double> Get)[] measures =
        [
            ("outbox", "MB", size => size.Outbox / 1e6),
            ("inbox", "KB", size => size.Inbox / 1e3),
            ("index of the inbox", "KB", size => size.InboxIndex / 1e3),
            ("retry queue", "KB", size => size.Retry / 1e3),
            ("consumer groups", "KB", size => size.Groups / 1e3),
            ("dead rows", "rows", size => size.DeadRows),
            ("entries of the stream", "entries", size => size.Length),
            ("events not recorded as done", "events", size => size.Highest - size.DoneThrough),
        ];
        return await Rounds.RunAsync(
            name,
            run with { Rounds = 1, Say = _ => { } },
            [
                .. measures.Select(measure => Of(measure, Standing.Limit, "hours 9 to 16", middle)),
                .. measures.Select(measure => Of(measure, Standing.Ours, "hours 17 to 24", last, Goal.RatioAtMost(1.5))),
            ],
            cancellationToken,
            warmUp: false);

        static Variant Of(
            (string Of, string Unit, Func<StreamSizes, double> Get) measure, Standing standing, string hours, List<StreamSizes> sizes,
            params Goal[] goals) =>
            new(hours, standing, [new FigureSpec(measure.Of, measure.Unit, goals)], (_, _) => Task.FromResult<double[]>([sizes.Max(measure.Get)]));
    }
}
