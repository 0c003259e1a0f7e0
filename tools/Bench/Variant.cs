namespace FanOut.Bench;

/// <summary>One way of doing what a scenario measures.</summary>
/// <param name="Name">How it appears in results.</param>
/// <param name="Standing">What it is there for.</param>
/// <param name="Figures">What a round gives, in order.</param>
/// <param name="RunAsync">One round: does the work and returns the figures. A round that only warms up may be shorter.</param>
internal sealed record Variant(
    string Name, Standing Standing, IReadOnlyList<FigureSpec> Figures, Func<bool, CancellationToken, Task<double[]>> RunAsync)
{
    /// <summary>A variant of one figure.</summary>
    public static Variant Of(string name, Standing standing, string unit, Func<bool, CancellationToken, Task<double>> run, params Goal[] goals)
        => new(name, standing, [new FigureSpec("", unit, goals)], async (warmUp, cancellationToken) => [await run(warmUp, cancellationToken)]);
}

internal enum Standing
{
    Ours,

    /// <summary>What the others are compared with: the servers and the client library, and nothing else.</summary>
    Limit,

    Rival,

    /// <summary>The rival that others are said to be so many times as fast as.</summary>
    Baseline,
}

/// <summary>One of the figures that a round of a variant gives. Its name is added to the variant's; it is empty where there is only one.</summary>
internal sealed record FigureSpec(string Name, string Unit, params Goal[] Goals)
{
    /// <summary>The figure of the limit that it is compared with.</summary>
    public string LimitFigure { get; init; } = Name;
}
