namespace FanOut.Chaos.Verifying;

/// <summary>Whether all is as it must be.</summary>
/// <param name="Accepted">Orders that were accepted.</param>
/// <param name="Effects">How many orders took effect in each group.</param>
/// <param name="DeadLetters">How many dead letters each group has.</param>
/// <param name="Prevented">Deliveries that the inboxes stopped from having their effect a second time.</param>
/// <param name="Findings">What is not as it must be.</param>
internal sealed record Verdict(int Accepted, IReadOnlyDictionary<string, int> Effects, IReadOnlyDictionary<string, int> DeadLetters, long Prevented, IReadOnlyList<Finding> Findings)
{
    public bool IsGood => Findings.Count == 0;

    /// <summary>Nothing is on its way any more.</summary>
    public bool IsDrained => !Findings.Any(finding => finding.Kind == FindingKind.Stuck);

    public int Count(FindingKind kind) => Findings.Where(finding => finding.Kind == kind).SelectMany(finding => finding.Ids).Distinct().Count();
}

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

internal enum FindingKind
{
    /// <summary>It should be there and is not.</summary>
    Lost,

    /// <summary>It is there more often than once.</summary>
    Doubled,

    /// <summary>It is there and should not be.</summary>
    Unexpected,

    /// <summary>It is still on its way, although nothing is in its way any more.</summary>
    Stuck,
}
