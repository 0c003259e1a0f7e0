namespace FanOut.Chaos.Scenarios;

/// <summary>A fault under load.</summary>
/// <param name="Name">What it is called on the command line.</param>
/// <param name="Description">What happens, in a line.</param>
/// <param name="Parts">What it needs for itself.</param>
/// <param name="InjectAsync">Does it, and puts right again what it did: when it returns, nothing is in the way any more.</param>
internal sealed record Scenario(string Name, string Description, Part Parts, Func<Fault, CancellationToken, Task> InjectAsync);
