namespace FanOut.Bench.Running;

/// <summary>One way of doing what a scenario measures.</summary>
/// <param name="Name">How it appears in results.</param>
/// <param name="IsLimit">Whether the others are compared with it.</param>
/// <param name="RunAsync">One round: does the work and returns the figure.</param>
internal sealed record Variant(string Name, bool IsLimit, Func<CancellationToken, Task<double>> RunAsync);
