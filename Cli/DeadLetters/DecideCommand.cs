using System.CommandLine;
using System.Text.Json;
using FanOut.Contracts.Operations;
using Spectre.Console;

namespace FanOut.Cli.DeadLetters;

/// <summary>Redrives or discards dead letters by number, by condition, or all.</summary>
internal static class DecideCommand
{
    private const int MaxNumbers = 1_000;

    public static Command Create(Workspace workspace, Verb verb)
    {
        var filter = new FilterOptions();
        var numbers = new Argument<long[]>("numbers") { Description = "The numbers of the dead letters.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Every dead letter of every group." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask for confirmation." };
        var by = new Option<string>("--by") { Description = "Who decides (default: your user name).", DefaultValueFactory = _ => Environment.UserName };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command(
            verb == Verb.Redrive ? "redrive" : "discard",
            verb == Verb.Redrive
                ? "Deliver dead letters again to the group that failed."
                : "Mark dead letters as discarded. They are kept.") { numbers, all, yes, by, json };
        foreach (var option in filter.All)
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            var isFiltered = filter.All.Any(option => result.GetResult(option) is { Implicit: false });
            var isAll = result.GetResult(all) is { Implicit: false } && result.GetValue(all);
            var given = result.GetValue(numbers)?.Length ?? 0;
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
            if (isAll && !arguments.GetValue(yes) && !await ConfirmAsync(verb, cancellationToken))
            {
                return 1;
            }

            var request = new DecideMany(
                arguments.GetValue(by)!,
                isAll ? true : null,
                arguments.GetValue(filter.Group),
                arguments.GetValue(filter.Type),
                arguments.GetValue(filter.Subject),
                arguments.GetValue(filter.Error),
                arguments.GetValue(filter.From)?.ToUniversalTime(),
                arguments.GetValue(filter.Until)?.ToUniversalTime(),
                arguments.GetValue(numbers) is { Length: > 0 } given ? given : null);
            var total = await DecideAsync(api, verb, request, cancellationToken);
            if (arguments.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(total, OperationsJson.Default.DecidedMany));
            }
            else
            {
                AnsiConsole.MarkupLineInterpolated($"{total.Changed} {(verb == Verb.Redrive ? "redriven" : "discarded")}{(total.Unchanged > 0 ? $", {total.Unchanged} unchanged: already decided or not found" : "")}.");
            }

            return request.Numbers is not null && total.Unchanged > 0 ? 1 : 0;
        }, cancellationToken));
        return command;
    }

    private static async Task<DecidedMany> DecideAsync(IOperationsApi api, Verb verb, DecideMany request, CancellationToken cancellationToken)
    {
        var total = new DecidedMany(0, 0, null);
        do
        {
            var next = request with { After = total.After };
            var answer = verb == Verb.Redrive ? await api.RedriveManyAsync(next, cancellationToken) : await api.DiscardManyAsync(next, cancellationToken);
            total = new(total.Changed + answer.Changed, total.Unchanged + answer.Unchanged, answer.After);
        }
        while (total.After is not null);
        return total;
    }

    private static async Task<bool> ConfirmAsync(Verb verb, CancellationToken cancellationToken)
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected)
        {
            await Console.Error.WriteLineAsync("--all changes every dead letter of every group. Confirm with --yes.".AsMemory(), cancellationToken);
            return false;
        }

        return await AnsiConsole.ConfirmAsync(verb == Verb.Redrive ? "Redrive every dead letter of every group?" : "Discard every dead letter of every group?", defaultValue: false, cancellationToken);
    }
}
