using FanOut.Chaos.Load;
using FanOut.Chaos.Reporting;
using FanOut.Chaos.Scenarios;
using FanOut.Chaos.Verifying;

namespace FanOut.Chaos;

/// <summary>
/// Runs scenarios one after the other on one system. Each is verified together with all before it, to find an old order that a later fault
/// duplicates. After a failure the next scenario gets a new system.
/// </summary>
internal sealed class ScenarioRunner(ProgressLog log, string folder, int ordersPerSecond, bool isQuick) : IAsyncDisposable
{
    private static readonly TimeSpan RecoveryTimeout = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(120);

    /// <summary>How long to wait for late effects before the last check: a stalled lane's commit, a second delivery.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(1);

    private Session? _session;
    private int _systems;
    private int _runs;

    public async Task<ScenarioResult> RunAsync(Scenario scenario, Random random, CancellationToken cancellationToken)
    {
        log.Write($"=== {scenario.Name}: {scenario.Description}");
        var session = _session ??= await StartSessionAsync(cancellationToken);
        var result = await RunAsync(session, scenario, random, cancellationToken);
        var (_, verdict, recovery) = result;
        log.Write(
            $"{scenario.Name} {(verdict.IsGood ? "passed" : "FAILED")}: {verdict.Accepted} accepted, {verdict.Count(FindingKind.Lost)} lost, "
            + $"{verdict.Count(FindingKind.Doubled)} duplicated, recovered after {(recovery is { } time ? $"{time.TotalSeconds:0.0} s" : "-")}");
        foreach (var finding in verdict.Findings)
        {
            log.Write($"    {finding}");
        }

        if (!verdict.IsGood)
        {
            log.Write($"    the logs of every process are in {session.System.Folder}");
            _session = null;
            await session.DisposeAsync();
        }

        return result;
    }

    public async ValueTask DisposeAsync()
    {
        if (_session is { } session)
        {
            _session = null;
            await session.DisposeAsync();
        }
    }

    private async Task<ScenarioResult> RunAsync(Session session, Scenario scenario, Random random, CancellationToken cancellationToken)
    {
        var run = $"run{++_runs:00}";
        var before = session.Last;
        var findings = new List<Finding>();
        TimeSpan? recovery = null;
        var after = await session.Observer.PositionAsync(cancellationToken);
        await using (var load = OrderLoad.Start(session.Client, run, ordersPerSecond, cancellationToken))
        {
            try
            {
                await OrdersArriveAsync(session, ordersPerSecond, cancellationToken);
                var fault = new Fault(session.System, session.Client, session.Promises, random, log.Write, isQuick, run);
                await scenario.InjectAsync(fault, cancellationToken);
                var healed = TimeProvider.System.GetTimestamp();
                var position = await TryAsync(() => session.Observer.PositionAsync(cancellationToken), cancellationToken);
                Task<long> CountOpenAsync() => session.Observer.CountOpenAsync(after, position, cancellationToken);
                if (await Until.HoldsAsync(async () => await TryAsync(CountOpenAsync, cancellationToken) == 0, RecoveryTimeout, cancellationToken))
                {
                    recovery = TimeProvider.System.GetElapsedTime(healed);
                }

                await session.System.WaitUntilHealthyAsync(HealthTimeout, cancellationToken);
                await OrdersArriveAsync(session, ordersPerSecond, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is not OutOfMemoryException)
            {
                log.Write(e.ToString());
                findings.Add(new Finding(FindingKind.Stuck, "the scenario", [e.Message]));
            }

            // The verifier reports orders without an answer.
            await load.StopAsync(AnswerTimeout);
        }

        var verdict = before;
        try
        {
            (verdict, var seen) = await DrainAsync(session, cancellationToken);
            session.Last = verdict;
            session.Promises.Conclude(seen);
            findings.AddRange(verdict.Findings);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is not OutOfMemoryException)
        {
            log.Write(e.ToString());
            findings.Add(new Finding(FindingKind.Stuck, "the verification", [e.Message]));
        }

        findings.AddRange(session.Promises.TakeBroken());
        return new ScenarioResult(scenario.Name, verdict.Since(before, findings), recovery);
    }

    /// <summary>Verifies until there are no findings, and then once more.</summary>
    private static async Task<(Verdict Verdict, Observation Seen)> DrainAsync(Session session, CancellationToken cancellationToken)
    {
        await Until.HoldsAsync(IsSettledAsync, DrainTimeout, cancellationToken);
        await Task.Delay(Afterwards, TimeProvider.System, cancellationToken);
        return await TryAsync(JudgeAsync, cancellationToken);

        async Task<bool> IsSettledAsync()
        {
            var (verdict, _) = await TryAsync(JudgeAsync, cancellationToken);
            return verdict.IsGood || verdict.Count(FindingKind.Doubled) > 0;
        }

        async Task<(Verdict Verdict, Observation Seen)> JudgeAsync()
        {
            var seen = await session.Observer.LookAsync(cancellationToken);
            return (Verifier.Judge(session.Promises.Expect(session.Client), seen), seen);
        }
    }

    /// <summary>Waits until a second's worth of orders is accepted.</summary>
    private static Task OrdersArriveAsync(Session session, int count, CancellationToken cancellationToken)
    {
        var wanted = session.Client.AcceptedCount + count;
        return Until.TrueAsync(() => Task.FromResult(session.Client.AcceptedCount >= wanted), AnswerTimeout, "accepted orders", cancellationToken);
    }

    /// <summary>Retries, because a server that has just restarted may still end a session.</summary>
    private static async Task<T> TryAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        const int Attempts = 20;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ask();
            }
            catch (Exception e) when (attempt < Attempts && e is NpgsqlException or RedisException or TimeoutException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, cancellationToken);
            }
        }
    }

    private async Task<Session> StartSessionAsync(CancellationToken cancellationToken)
    {
        var own = Directory.CreateDirectory(Path.Combine(folder, $"system-{++_systems}")).FullName;
        var begun = TimeProvider.System.GetTimestamp();
        var system = await ChaosSystem.StartAsync(log, own, cancellationToken);
        log.Write(
            $"redis, postgres and {system.Services.Count} services ({Fault.Names(system.Services)}) started in "
            + $"{TimeProvider.System.GetElapsedTime(begun).TotalSeconds:0.0} s; {ordersPerSecond} orders a second");
        return new Session(system);
    }

    private sealed class Session(ChaosSystem system) : IAsyncDisposable
    {
        public ChaosSystem System { get; } = system;

        public OrderClient Client { get; } = new(system.Of(ServiceKind.Api).Select(api => api.Address));

        public Promises Promises { get; } = new();

        public Observer Observer { get; } = new(system);

        public Verdict Last { get; set; } = new(0, new Dictionary<string, int>(), new Dictionary<string, int>(), 0, []);

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await System.DisposeAsync();
        }
    }
}
