namespace FanOut.Cli.Mutate;

/// <param name="File">Below the root.</param>
/// <param name="Before">What stands there.</param>
/// <param name="After">What the mutation puts in its place.</param>
internal sealed record Edit(string File, string Before, string After);
