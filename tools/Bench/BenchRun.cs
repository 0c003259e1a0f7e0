namespace FanOut.Bench;

internal interface IScenario
{
    string Name { get; }

    Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken);
}

/// <summary>The run that a scenario is part of.</summary>
internal sealed record BenchRun(Effort Effort, int Rounds, Action<string> Say)
{
    public T Pick<T>(T full, T quick, T smoke) => Effort switch { Effort.Full => full, Effort.Quick => quick, _ => smoke };
}

internal enum Effort
{
    /// <summary>For published figures.</summary>
    Full,

    /// <summary>Each scenario takes a few minutes, and the ratios are rough.</summary>
    Quick,

    /// <summary>Only checks that everything works. The figures mean nothing.</summary>
    Smoke,
}
