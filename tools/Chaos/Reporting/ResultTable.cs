using System.Globalization;
using FanOut.Chaos.Verifying;
using Spectre.Console;

namespace FanOut.Chaos.Reporting;

/// <param name="Scenario">Its name.</param>
/// <param name="Verdict">What happened during it.</param>
/// <param name="Recovery">From the end of the fault until all orders accepted by then had taken effect in every group; null if they did not.</param>
internal sealed record ScenarioResult(string Scenario, Verdict Verdict, TimeSpan? Recovery);

internal static class ResultTable
{
    private const int Width = 180;

    public static void Write(TextWriter writer, IReadOnlyList<ScenarioResult> results)
    {
        var isConsole = writer == Console.Out;
        var console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(writer), Ansi = isConsole ? AnsiSupport.Detect : AnsiSupport.No });
        if (!isConsole || Console.IsOutputRedirected)
        {
            // A pipe or a log has no width, and the default is too narrow for the table.
            console.Profile.Width = Width;
        }

        string[] numbers =
            ["accepted", "webhook", "analytics", "notification", "lost", "doubled", "stuck", "unexpected", "prevented", "dead-lettered", "recovery"];
        var table = new Table().Border(TableBorder.Rounded).AddColumn("scenario");
        Array.ForEach(numbers, heading => table.AddColumn(heading, column => column.RightAligned()));
        table.AddColumn("");
        string[] groups = [Verifier.WebhookGroup, Verifier.AnalyticsGroup, Verifier.NotificationGroup];
        FindingKind[] kinds = [FindingKind.Lost, FindingKind.Doubled, FindingKind.Stuck, FindingKind.Unexpected];
        foreach (var (scenario, verdict, recovery) in results)
        {
            table.AddRow(
            [
                new Text(scenario),
                Number(verdict.Accepted),
                .. groups.Select(group => Number(verdict.Effects.GetValueOrDefault(group))),
                .. kinds.Select(kind => Number(verdict.Count(kind))),
                Number(verdict.Prevented),
                Number(verdict.DeadLetters.Values.Sum()),
                new Text(recovery is { } time ? $"{time.TotalSeconds:0.0} s" : "-"),
                new Markup(verdict.IsGood ? "[green]passed[/]" : "[red]FAILED[/]"),
            ]);
        }

        console.Write(table);
    }

    private static Text Number(long value) => new(value.ToString("N0", CultureInfo.InvariantCulture));
}
