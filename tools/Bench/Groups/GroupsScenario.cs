using FanOut.Bench.Consume;

namespace FanOut.Bench.Groups;

/// <summary>How fast one process drains a stream for 1 to 20 groups at once, compared with reading and acknowledging alone.</summary>
internal sealed class GroupsScenario : IScenario
{
    private const int BatchSize = 500;
    private const int Lanes = 2;

    public string Name => "groups";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var groupEvents = run.Pick(1_000_000, 200_000, 2_000);
        var variants = new List<Variant>();
        foreach (var groups in run.Pick<int[]>([1, 3, 10, 20], [1, 3, 10, 20], [1, 2]))
        {
            var stream = await BenchStream.FillAsync(servers, $"for-{groups}", groupEvents / groups, run.Say, cancellationToken);
            variants.AddRange(Variants(groups, stream));
        }

        return await Rounds.RunAsync(Name, run, variants, cancellationToken);

        // A limit of its own for each number of groups: Redis serves each of them every entry.
        Variant[] Variants(int groups, BenchStream stream) =>
        [
            Of(
                "read and acknowledge only",
                Standing.Limit,
                groups,
                token => new Drain(servers, stream, Lanes, BatchSize).RunAsync(groups, null, false, token)),
            Of(
                "lanes, batch handler that sums up",
                Standing.Ours,
                groups,
                token => new LanesDrain(servers, stream, Lanes, BatchSize).RunAsync<AggregatingHandler>(groups, token),
                Goal.RatioAtLeast(0.65)),
        ];
    }

    private static Variant Of(string name, Standing standing, int groups, Func<CancellationToken, Task<double>> run, params Goal[] goals) => new(
        name,
        standing,
        [new FigureSpec(groups == 1 ? "(1 group)" : $"({groups} groups)", "group-events/s", goals)],
        async (_, cancellationToken) => [await run(cancellationToken)]);
}
