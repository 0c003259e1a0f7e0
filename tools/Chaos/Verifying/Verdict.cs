namespace FanOut.Chaos.Verifying;

/// <summary>Whether all is as it must be.</summary>
/// <param name="Accepted">Orders that were accepted.</param>
/// <param name="Effects">How many orders took effect in each group.</param>
/// <param name="DeadLetters">How many dead letters each group has.</param>
/// <param name="Prevented">Deliveries that the inboxes stopped from having their effect a second time.</param>
/// <param name="Findings">What is not as it must be.</param>
internal sealed record Verdict(
    int Accepted, IReadOnlyDictionary<string, int> Effects, IReadOnlyDictionary<string, int> DeadLetters, long Prevented,
    IReadOnlyList<Finding> Findings)
{
    public bool IsGood => Findings.Count == 0;

    /// <summary>What this verdict has more than an earlier one.</summary>
    public Verdict Since(Verdict before, IReadOnlyList<Finding> findings)
    {
        var (effects, deadLetters) = (Less(Effects, before.Effects), Less(DeadLetters, before.DeadLetters));
        return new(Accepted - before.Accepted, effects, deadLetters, Prevented - before.Prevented, findings);

        static Dictionary<string, int> Less(IReadOnlyDictionary<string, int> now, IReadOnlyDictionary<string, int> before) =>
            now.ToDictionary(count => count.Key, count => count.Value - before.GetValueOrDefault(count.Key));
    }

    public int Count(FindingKind kind) => Findings.Where(finding => finding.Kind == kind).SelectMany(finding => finding.Ids).Distinct().Count();
}

/// <summary>A promise that was not kept: how, in which records (orders, the outbox, a group's effects), and for which ids.</summary>
internal sealed record Finding(FindingKind Kind, string Where, IReadOnlyList<string> Ids)
{
    private const int MostNamed = 20;

    public override string ToString()
    {
        var more = Ids.Count > MostNamed ? $" and {Ids.Count - MostNamed} more" : "";
        return $"{Kind.ToString().ToUpperInvariant()} in {Where}: {string.Join(", ", Ids.Take(MostNamed))}{more}";
    }
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
