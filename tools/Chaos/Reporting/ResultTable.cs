using System.Globalization;
using FanOut.Chaos.Verifying;
using Spectre.Console;

namespace FanOut.Chaos.Reporting;

internal static class ResultTable
{
    private const int Width = 180;

    public static void Write(TextWriter writer, IReadOnlyList<ScenarioResult> results)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Ansi = writer == Console.Out ? AnsiSupport.Detect : AnsiSupport.No });
        if (writer != Console.Out || Console.IsOutputRedirected)
        {
            // A pipe or a log has no width; the default would break tables into pieces.
            console.Profile.Width = Width;
        }

        var table = new Table().Border(TableBorder.Rounded);
        foreach (var heading in new[] { "scenario", "accepted", "webhook", "analytics", "notification", "lost", "doubled", "stuck", "unexpected", "prevented", "dead-lettered", "recovery", "" })
        {
            table.AddColumn(heading, column =>
            {
                if (heading is not ("scenario" or ""))
                {
                    column.RightAligned();
                }
            });
        }

        foreach (var result in results)
        {
            table.AddRow(
            [
                new Text(result.Scenario),
                Number(result.Accepted),
                .. new[] { Verifier.WebhookGroup, Verifier.AnalyticsGroup, Verifier.NotificationGroup }.Select(group => Number(result.Effects.GetValueOrDefault(group))),
                Number(result.Count(FindingKind.Lost)),
                Number(result.Count(FindingKind.Doubled)),
                Number(result.Count(FindingKind.Stuck)),
                Number(result.Count(FindingKind.Unexpected)),
                Number(result.Prevented),
                Number(result.DeadLetters.Values.Sum()),
                new Text(result.Recovery is { } recovery ? string.Create(CultureInfo.InvariantCulture, $"{recovery.TotalSeconds:0.0} s") : "-"),
                result.IsGood ? new Markup("[green]passed[/]") : new Markup("[red]FAILED[/]"),
            ]);
        }

        console.Write(table);
    }

    private static Text Number(long value) => new(value.ToString("N0", CultureInfo.InvariantCulture));
}

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
