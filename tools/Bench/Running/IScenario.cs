namespace FanOut.Bench.Running;

internal interface IScenario
{
    string Name { get; }

    /// <summary>What it measures, against what; one sentence.</summary>
    string Description { get; }

    Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken);
}
