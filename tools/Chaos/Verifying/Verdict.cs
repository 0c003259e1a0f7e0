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
