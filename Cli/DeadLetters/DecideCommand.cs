using System.CommandLine;
using FanOut.Contracts.Operations;
using Spectre.Console;

namespace FanOut.Cli.DeadLetters;

/// <summary>Redrives or discards dead letters by number, by condition, or all.</summary>
internal static class DecideCommand
{
    private const int MaxNumbers = 1_000;

    public static Command Create(Workspace workspace, bool redrive)
    {
        var filter = new FilterOptions();
        var numbers = new Argument<long[]>("numbers") { Description = "The numbers of the dead letters.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Every dead letter of every group." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask for confirmation." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = redrive
            ? new Command("redrive", "Deliver dead letters again to the group that failed.")
            : new Command("discard", "Mark dead letters as discarded. They are kept.");
        Option[] options = [all, yes, json, .. filter.All];
        command.Add(numbers);
        Array.ForEach(options, command.Add);
        command.Validators.Add(result =>
        {
            var isFiltered = filter.All.Any(option => result.GetResult(option) is { Implicit: false });
            var isAll = result.GetResult(all) is { Implicit: false } && result.GetValue(all);
            var given = result.GetResult(numbers)?.Tokens.Count ?? 0;
            if ((given > 0 ? 1 : 0) + (isFiltered ? 1 : 0) + (isAll ? 1 : 0) != 1)
            {
                result.AddError("Name the dead letters: numbers, conditions (--group, --type, --subject, --error, --from, --until) or --all.");
            }
            else if (given > MaxNumbers)
            {
                result.AddError($"At most {MaxNumbers} numbers at once.");
            }
        });
        command.SetAction((arguments, cancellationToken) => OperationsClient.CallAsync(workspace, async api =>
        {
            var isAll = arguments.GetValue(all);
            if (isAll && !arguments.GetValue(yes) && !await ConfirmAsync(redrive, cancellationToken))
            {
                return 1;
            }

            var request = new DecideMany(
                isAll ? true : null,
                arguments.GetValue(filter.Group),
                arguments.GetValue(filter.Type),
                arguments.GetValue(filter.Subject),
                arguments.GetValue(filter.Error),
                arguments.GetValue(filter.From)?.ToUniversalTime(),
                arguments.GetValue(filter.Until)?.ToUniversalTime(),
                arguments.GetValue(numbers) is { Length: > 0 } given ? given : null);
            var total = await (redrive ? api.RedriveManyAsync(request, cancellationToken) : api.DiscardManyAsync(request, cancellationToken));
            var reason = request.Numbers is null ? "no events" : "no events, already decided or not found";
            var unchanged = total.Unchanged > 0 ? $", {total.Unchanged} unchanged: {reason}" : "";
            Output.Write(arguments.GetValue(json), total, OperationsJson.Default.DecidedMany, _ =>
                AnsiConsole.MarkupLineInterpolated($"{total.Changed} {(redrive ? "redriven" : "discarded")}{unchanged}."));
            return request.Numbers is not null && total.Unchanged > 0 ? 1 : 0;
        }, cancellationToken));
        return command;
    }

    private static async Task<bool> ConfirmAsync(bool redrive, CancellationToken cancellationToken)
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected)
        {
            await Console.Error.WriteLineAsync("--all changes every dead letter of every group. Confirm with --yes.");
            return false;
        }

        var question = $"{(redrive ? "Redrive" : "Discard")} every dead letter of every group?";
        return await AnsiConsole.ConfirmAsync(question, defaultValue: false, cancellationToken);
    }
}
