namespace FanOut.Contracts.Operations;

/// <summary>Redrives or discards one dead letter. <see cref="By"/>: who decides, 1 to 200 characters.</summary>
public sealed record Decide(string By);
