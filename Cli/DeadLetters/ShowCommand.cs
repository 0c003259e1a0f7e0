using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FanOut.Contracts.Operations;
using Spectre.Console;

namespace FanOut.Cli.DeadLetters;

internal static class ShowCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create(Workspace workspace)
    {
        var number = new Argument<long>("number") { Description = "The number of the dead letter." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("show", "Show a dead letter with its event.") { number, json };
        command.SetAction((arguments, cancellationToken) => OperationsClient.CallAsync(workspace, async api =>
        {
            var details = await api.GetDeadLetterAsync(arguments.GetValue(number), cancellationToken);
            Output.Write(arguments.GetValue(json), details, OperationsJson.Default.DeadLetterDetails, Show);
            return 0;
        }, cancellationToken));
        return command;
    }

    private static void Show(DeadLetterDetails details)
    {
        var letter = details.Letter;
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        Row("number", letter.Number.ToString(CultureInfo.InvariantCulture));
        Row("state", letter.State);
        Row("group", letter.Group);
        Row("position", letter.Position?.ToString(CultureInfo.InvariantCulture));
        Row("entry", letter.Entry);
        Row("event", letter.EventId?.ToString());
        Row("type", letter.Type);
        Row("source", details.Source);
        Row("subject", letter.Subject);
        Row("deliveries", letter.Deliveries.ToString(CultureInfo.InvariantCulture));
        Row("error", letter.Error);
        Row("data", details.Data is { } data ? JsonSerializer.Serialize(data, Indented) : null);
        Row("data (base64)", details.DataBase64);
        AnsiConsole.Write(table);
        if (letter.DecidedAt is { } decided)
        {
            AnsiConsole.MarkupLineInterpolated($"Decided by {letter.DecidedBy} at {decided.UtcDateTime:yyyy-MM-dd HH:mm:ss} (UTC).");
        }

        void Row(string name, string? value)
        {
            if (value is not null)
            {
                table.AddRow(Markup.Escape(name), Output.Text(value));
            }
        }
    }
}
