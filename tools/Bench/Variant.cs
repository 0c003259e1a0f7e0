namespace FanOut.Bench;

/// <summary>One of the implementations that a scenario compares.</summary>
/// <param name="Name">Its name in results.</param>
/// <param name="Standing">Its role in the comparison.</param>
/// <param name="Figures">The figures of a round, in order.</param>
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

    /// <summary>The servers and the client library alone. The others are compared with it.</summary>
    Limit,

    Rival,

    /// <summary>The rival that multiples refer to.</summary>
    Baseline,
}

/// <summary>A figure of a variant. Its name is added to the variant's; it is empty if there is only one.</summary>
internal sealed record FigureSpec(string Name, string Unit, params Goal[] Goals)
{
    /// <summary>The figure of the limit that it is compared with.</summary>
    public string LimitFigure { get; init; } = Name;
}
