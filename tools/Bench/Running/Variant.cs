namespace FanOut.Bench.Running;

/// <summary>One way of doing what a scenario measures.</summary>
/// <param name="Name">How it appears in results.</param>
/// <param name="Standing">What it is there for.</param>
/// <param name="Figures">What a round gives, in order.</param>
/// <param name="RunAsync">One round: does the work and returns the figures. A round that only warms up may be shorter.</param>
internal sealed record Variant(string Name, Standing Standing, IReadOnlyList<FigureSpec> Figures, Func<bool, CancellationToken, Task<double[]>> RunAsync)
{
    /// <summary>A variant of one figure.</summary>
    public static Variant Of(string name, Standing standing, string unit, Func<bool, CancellationToken, Task<double>> run, params Goal[] goals)
        => new(name, standing, [new FigureSpec("", unit, goals)], async (warmUp, cancellationToken) => [await run(warmUp, cancellationToken)]);
}
