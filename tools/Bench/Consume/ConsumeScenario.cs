using FanOut.Bench.Running;
using StackExchange.Redis;

namespace FanOut.Bench.Consume;

/// <summary>How fast groups drain a stream: ours with three kinds of handler, against reading and acknowledging alone, and against other ways to have each effect once.</summary>
internal sealed class ConsumeScenario : IScenario
{
    private const int BatchSize = 500;
    private const int Lanes = 4;
    private const string Unit = "events/s";

    public string Name => "consume";

    public string Description =>
        "Groups drain a stream of events with about 250 bytes of JSON. The limit reads (XREADGROUP COUNT 500) and acknowledges (XACK) with the same client library and as many connections, and does nothing else; all others deserialise each event and commit its effect in Postgres before they acknowledge it. With three groups, group-events are counted.";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var all = await BenchStream.FillAsync(servers, "all", run.Pick(1_000_000, 100_000, 2_000), run.Progress, cancellationToken);
        var some = await BenchStream.FillAsync(servers, "some", run.Pick(100_000, 20_000, 1_000), run.Progress, cancellationToken);
        var few = await BenchStream.FillAsync(servers, "few", run.Pick(3_000, 1_000, 100), run.Progress, cancellationToken);
        var article = new ArticleAlgorithm(servers.Postgres);
        var rows = new InboxRowPerEvent(servers.Postgres);
        var measurements = new List<Measurement>();
        foreach (var groups in new[] { 1, 3 })
        {
            measurements.AddRange(await Rounds.RunAsync(
                $"consume-{groups}",
                run,
                [
                    Variant.Of("read and acknowledge only", Standing.Limit, Unit, (warmUp, token) => DrainAsync(warmUp ? some : all, groups, Lanes, null, false, token)),
                    Ours<AggregatingHandler>("lanes, batch handler that sums up", groups, 0.60),
                    Ours<RowHandler>("lanes, batch handler, a row per event", groups, 0.45),
                    Ours<SingleHandler>("lanes, handler of single events, a row per event", groups, 0.25),
                    Variant.Of("batch with an inbox row and an effect row per event", Standing.Rival, Unit, (warmUp, token) => DrainAsync(warmUp ? few : some, groups, Lanes, rows.HandleAsync, false, token)),
                    Variant.Of("article's algorithm, 4 consumers a group", Standing.Rival, Unit, (_, token) => DrainAsync(few, groups, Lanes, article.HandleAsync, true, token)),
                    Variant.Of("article's algorithm", Standing.Baseline, Unit, (_, token) => DrainAsync(few, groups, 1, article.HandleAsync, true, token)),
                ],
                cancellationToken));
        }

        return measurements;

        Variant Ours<THandler>(string name, int groups, double least)
            where THandler : class
            => Variant.Of(
                name,
                Standing.Ours,
                Unit,
                (warmUp, token) => new LanesDrain(servers, warmUp ? some : all, Lanes, BatchSize).RunAsync<THandler>(groups, token),
                Goal.RatioAtLeast(least),
                Goal.TimesBaselineAtLeast(100));

        async Task<double> DrainAsync(BenchStream stream, int groups, int consumers, Func<string, StreamEntry[], Task>? handle, bool each, CancellationToken token)
        {
            var rate = await new Drain(servers, stream, consumers, BatchSize).RunAsync(groups, handle, each, null, token);
            await BenchServers.ExecuteAsync(servers.Postgres, "truncate bench_effect, bench_processed", token);
            return rate;
        }
    }
}
