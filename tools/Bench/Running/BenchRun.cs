namespace FanOut.Bench.Running;

/// <summary>What a scenario is told about the run it is part of.</summary>
internal sealed record BenchRun(Effort Effort, int Rounds, BenchProgress Progress)
{
    public T Pick<T>(T full, T quick, T smoke) => Effort switch { Effort.Full => full, Effort.Quick => quick, _ => smoke };
}
