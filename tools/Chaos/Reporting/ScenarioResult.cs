using FanOut.Chaos.Verifying;

namespace FanOut.Chaos.Reporting;

/// <summary>How a scenario went.</summary>
/// <param name="Scenario">Its name.</param>
/// <param name="Accepted">Orders that were accepted during it.</param>
/// <param name="Effects">Orders that took effect in each group during it.</param>
/// <param name="DeadLetters">Dead letters of each group during it.</param>
/// <param name="Prevented">Deliveries during it that the inboxes stopped from having their effect a second time.</param>
/// <param name="Recovery">From the end of the fault until everything that had been accepted by then had taken effect in every group, under load; null where that was not reached.</param>
/// <param name="Findings">What was not as it must be.</param>
internal sealed record ScenarioResult(
    string Scenario, int Accepted, IReadOnlyDictionary<string, int> Effects, IReadOnlyDictionary<string, int> DeadLetters, long Prevented, TimeSpan? Recovery, IReadOnlyList<Finding> Findings)
{
    public bool IsGood => Findings.Count == 0;

    public int Count(FindingKind kind) => Findings.Where(finding => finding.Kind == kind).SelectMany(finding => finding.Ids).Distinct().Count();
}
