namespace FanOut.Chaos.Verifying;

/// <summary>The result of a verification.</summary>
/// <param name="Accepted">Orders that were accepted.</param>
/// <param name="Effects">How many orders took effect in each group.</param>
/// <param name="DeadLetters">How many dead letters each group has.</param>
/// <param name="Prevented">Deliveries that the inboxes stopped from having their effect a second time.</param>
/// <param name="Findings">The promises that were not kept.</param>
internal sealed record Verdict(
    int Accepted, IReadOnlyDictionary<string, int> Effects, IReadOnlyDictionary<string, int> DeadLetters, long Prevented,
    IReadOnlyList<Finding> Findings)
{
    public bool IsGood => Findings.Count == 0;

    /// <summary>The difference from an earlier verdict.</summary>
    public Verdict Since(Verdict before, IReadOnlyList<Finding> findings)
    {
        var (effects, deadLetters) = (Less(Effects, before.Effects), Less(DeadLetters, before.DeadLetters));
        return new(Accepted - before.Accepted, effects, deadLetters, Prevented - before.Prevented, findings);

        static Dictionary<string, int> Less(IReadOnlyDictionary<string, int> now, IReadOnlyDictionary<string, int> before) =>
            now.ToDictionary(count => count.Key, count => count.Value - before.GetValueOrDefault(count.Key));
    }

    public int Count(FindingKind kind) => Findings.Where(finding => finding.Kind == kind).SelectMany(finding => finding.Ids).Distinct().Count();
}

/// <summary>A promise that was not kept: how, where (orders, the outbox, a group's effects), and for which ids.</summary>
internal sealed record Finding(FindingKind Kind, string Where, IReadOnlyList<string> Ids)
{
    private const int MaxNamed = 20;

    public override string ToString()
    {
        var more = Ids.Count > MaxNamed ? $" and {Ids.Count - MaxNamed} more" : "";
        return $"{Kind.ToString().ToUpperInvariant()} in {Where}: {string.Join(", ", Ids.Take(MaxNamed))}{more}";
    }
}

internal enum FindingKind
{
    /// <summary>It is missing.</summary>
    Lost,

    /// <summary>It exists more than once.</summary>
    Doubled,

    /// <summary>It exists and should not.</summary>
    Unexpected,

    /// <summary>It is still in progress, although the fault is over.</summary>
    Stuck,
}
