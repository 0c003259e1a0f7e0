using System.Globalization;
using Spectre.Console;

namespace FanOut.Cli.Verify;

internal static class VerificationTable
{
    private const int MostShown = 50;

    public static void Write(IAnsiConsole console, SystemVerification verification)
    {
        var (outbox, removed) = (Number(verification.OutboxEvents), Number(verification.RemovedFromOutbox));
        var (onStream, foreign) = (Number(verification.OnStream), Number(verification.Foreign));
        console.WriteLine($"Orders: {Number(verification.Orders)}");
        console.WriteLine($"Outbox: {outbox} events ({removed} older ones removed), {Number(verification.Unpublished)} not published");
        console.WriteLine($"Stream '{verification.Stream}': {Number(verification.Published)} published, {onStream} on it, {foreign} foreign entries");
        var table = new Table().Border(TableBorder.Rounded)
            .AddColumns("group", "done", "effects", "undelivered", "pending", "parked", "redriven", "dead letters", "discarded", "missing");
        foreach (var group in verification.Groups)
        {
            table.AddRow(
                Markup.Escape(group.Group), Number(group.Done), Number(group.Effects), Number(group.Undelivered), Number(group.Pending),
                Number(group.Parked), Number(group.Redriven), Number(group.DeadLetters), Number(group.Discarded),
                group.Missing > 0 ? $"[red]{Number(group.Missing)}[/]" : "0");
        }

        console.Write(table);
        foreach (var problem in verification.Problems.Take(MostShown))
        {
            console.MarkupLineInterpolated($"[red]{problem.Kind}[/] {Name(problem)}: {problem.Detail}");
        }

        if (verification.ProblemCount > MostShown)
        {
            console.MarkupLineInterpolated($"... and {verification.ProblemCount - MostShown} more (--json lists up to 1,000).");
        }

        console.MarkupLineInterpolated($"[{(verification.IsExact ? "green" : "red")}]{verification.Verdict}[/]");
    }

    private static string Name(Problem problem) => string.Join(' ', new[]
    {
        problem.Group,
        problem.Order is { } order ? $"order {order}" : null,
        problem.Event is { } id ? $"event {id}" : null,
        problem.Entry is { } entry ? $"entry {entry}" : null,
    }.Where(part => part is not null));

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
