namespace FanOut.Bench.Consume;

/// <summary>How fast groups drain a stream: three kinds of handler, reading and acknowledging alone, and other exactly-once ways.</summary>
internal sealed class ConsumeScenario : IScenario
{
    private const int BatchSize = 500;
    private const int Lanes = 4;
    private const string Unit = "events/s";

    public string Name => "consume";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var all = await BenchStream.FillAsync(servers, "all", run.Pick(1_000_000, 100_000, 2_000), run.Say, cancellationToken);
        var some = await BenchStream.FillAsync(servers, "some", run.Pick(100_000, 20_000, 1_000), run.Say, cancellationToken);
        var few = await BenchStream.FillAsync(servers, "few", run.Pick(3_000, 1_000, 100), run.Say, cancellationToken);
        var article = new ArticleAlgorithm(servers.Postgres);
        var rows = new InboxRowPerEvent(servers.Postgres);
        var measurements = new List<Measurement>();
        foreach (var groups in new[] { 1, 3 })
        {
            measurements.AddRange(await Rounds.RunAsync(
                $"consume-{groups}",
                run,
                [
                    Rival("read and acknowledge only", Standing.Limit, some, all, groups, Lanes, null, false),
                    Ours<AggregatingHandler>("lanes, batch handler that sums up", groups, 0.72),
                    Ours<RowHandler>("lanes, batch handler, a row per event", groups, 0.65),
                    Ours<SingleHandler>("lanes, handler of single events, a row per event", groups, 0.40),
                    Rival("batch with an inbox row and an effect row per event", Standing.Rival, few, some, groups, Lanes, rows.HandleAsync, false),
                    Rival("article's algorithm, 4 consumers a group", Standing.Rival, few, few, groups, Lanes, article.HandleAsync, true),
                    Rival("article's algorithm", Standing.Baseline, few, few, groups, 1, article.HandleAsync, true),
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

        Variant Rival(
            string name, Standing standing, BenchStream warm, BenchStream stream, int groups, int consumers,
            Func<string, StreamEntry[], Task>? handle, bool each)
            => Variant.Of(name, standing, Unit, async (warmUp, token) =>
            {
                var rate = await new Drain(servers, warmUp ? warm : stream, consumers, BatchSize).RunAsync(groups, handle, each, token);
                await BenchServers.ExecuteAsync(servers.Postgres, "truncate bench_effect, bench_processed", token);
                return rate;
            });
    }
}
