using System.Globalization;
using Spectre.Console;

namespace FanOut.Cli.Verify;

internal static class VerificationTable
{
    private const int MaxShown = 50;

    public static void Write(IAnsiConsole console, SystemVerification verification)
    {
        console.WriteLine($"Orders: {Number(verification.Orders)}");
        console.WriteLine($"Outbox: {Number(verification.OutboxEvents)} events, {Number(verification.Unpublished)} not published");
        console.WriteLine($"Stream '{verification.Stream}': {Number(verification.OnStream)} entries");
        var table = new Table().Border(TableBorder.Rounded)
            .AddColumns("group", "done", "effects", "undelivered", "pending", "waiting", "dead letters", "discarded", "missing");
        foreach (var group in verification.Groups)
        {
            table.AddRow(
                Markup.Escape(group.Group), Number(group.Done), Number(group.Effects), Number(group.Undelivered), Number(group.Pending),
                Number(group.Waiting), Number(group.DeadLetters), Number(group.Discarded),
                group.Missing > 0 ? $"[red]{Number(group.Missing)}[/]" : "0");
        }

        console.Write(table);
        foreach (var problem in verification.Problems.Take(MaxShown))
        {
            console.MarkupLineInterpolated($"[red]{problem.Kind}[/] {Name(problem)}: {problem.Detail}");
        }

        if (verification.ProblemCount > MaxShown)
        {
            console.MarkupLineInterpolated($"... and {verification.ProblemCount - MaxShown} more (--json lists up to 100 of each kind).");
        }

        console.MarkupLineInterpolated($"[{(verification.IsExact ? "green" : "red")}]{verification.Verdict}[/]");
    }

    private static string Name(Problem problem) => string.Join(' ', new[]
    {
        problem.Group,
        problem.Order is { } order ? $"order {order}" : null,
        problem.Event is { } id ? $"event {id}" : null,
        problem.Position is { } position ? string.Create(CultureInfo.InvariantCulture, $"position {position}") : null,
    }.Where(part => part is not null));

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
