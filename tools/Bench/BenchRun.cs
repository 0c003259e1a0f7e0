namespace FanOut.Bench;

internal interface IScenario
{
    string Name { get; }

    Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken);
}

/// <summary>What a scenario is told about the run it is part of.</summary>
internal sealed record BenchRun(Effort Effort, int Rounds, Action<string> Say)
{
    public T Pick<T>(T full, T quick, T smoke) => Effort switch { Effort.Full => full, Effort.Quick => quick, _ => smoke };
}

internal enum Effort
{
    /// <summary>As the published figures are made.</summary>
    Full,

    /// <summary>Every scenario in a few minutes: the ratios are rough.</summary>
    Quick,

    /// <summary>Only shows that everything works: the figures mean nothing.</summary>
    Smoke,
}
