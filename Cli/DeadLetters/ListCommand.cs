using System.CommandLine;
using System.Globalization;
using FanOut.Contracts.Operations;
using Spectre.Console;

namespace FanOut.Cli.DeadLetters;

internal static class ListCommand
{
    private const int MaxErrorLength = 60;

    public static Command Create(Workspace workspace)
    {
        var filter = new FilterOptions();
        var state = new Option<string?>("--state") { Description = "Filter by state: dead (undecided) or discarded." };
        state.AcceptOnlyFromAmong("dead", "discarded");
        var limit = new Option<int>("--limit") { Description = "At most this many: 1 to 200 (default 50).", DefaultValueFactory = _ => 50 };
        var after = new Option<string?>("--after") { Description = "The cursor of the previous page." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("list", "List dead letters, newest first.") { state, limit, after, json };
        Array.ForEach(filter.All, command.Add);
        command.SetAction((arguments, cancellationToken) => OperationsClient.CallAsync(workspace, async api =>
        {
            var query = new DeadLetterQuery(
                arguments.GetValue(filter.Group),
                arguments.GetValue(state),
                arguments.GetValue(filter.Type),
                arguments.GetValue(filter.Subject),
                arguments.GetValue(filter.Error),
                Format(arguments.GetValue(filter.From)),
                Format(arguments.GetValue(filter.Until)),
                arguments.GetValue(limit),
                arguments.GetValue(after));
            var page = await api.ListDeadLettersAsync(query, cancellationToken);
            Output.Write(arguments.GetValue(json), page, OperationsJson.Default.DeadLetterPage, Show);
            return 0;
        }, cancellationToken));
        return command;
    }

    private static string? Format(DateTimeOffset? time) => time?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    private static void Show(DeadLetterPage page)
    {
        if (page.DeadLetters.Count == 0)
        {
            AnsiConsole.MarkupLine("No dead letters found.");
            return;
        }

        var table = new Table().Border(TableBorder.Rounded).AddColumns("number", "group", "type", "subject", "error", "since (UTC)", "state");
        foreach (var letter in page.DeadLetters)
        {
            var error = letter.Error.Length <= MaxErrorLength ? letter.Error : string.Concat(letter.Error.AsSpan(0, MaxErrorLength), "...");
            table.AddRow(
                letter.Number.ToString(CultureInfo.InvariantCulture),
                Output.Text(letter.Group),
                Output.Text(letter.Type),
                Output.Text(letter.Subject),
                Output.Text(error),
                letter.DeadLetteredAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                Output.Text(letter.DecidedBy is null ? letter.State : $"{letter.State} by {letter.DecidedBy}"));
        }

        AnsiConsole.Write(table);
        if (page.After is not null)
        {
            AnsiConsole.MarkupLineInterpolated($"More: [bold]--after {page.After}[/]");
        }
    }
}
