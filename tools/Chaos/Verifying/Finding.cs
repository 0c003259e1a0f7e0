namespace FanOut.Chaos.Verifying;

/// <summary>A promise that was not kept.</summary>
/// <param name="Kind">In which way.</param>
/// <param name="Where">In which books: orders, the outbox, a group's effects, ...</param>
/// <param name="Ids">Of what.</param>
internal sealed record Finding(FindingKind Kind, string Where, IReadOnlyList<string> Ids)
{
    private const int MostNamed = 20;

    public override string ToString() =>
        $"{Kind.ToString().ToUpperInvariant()} in {Where}: {string.Join(", ", Ids.Take(MostNamed))}{(Ids.Count > MostNamed ? $" and {Ids.Count - MostNamed} more" : "")}";
}
