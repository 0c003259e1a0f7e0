using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace FanOut.Cli.Customers;

internal static class EraseCommand
{
    public static Command Create(Workspace workspace)
    {
        var id = new Option<string?>("--id") { Description = "The customer's id, exactly." };
        var email = new Option<string?>("--email") { Description = "The customer's e-mail address. Capitals do not matter." };
        var mails = new Option<string?>("--mail-folder") { Description = "Smtp:PickupFolder, where mails are written as files." };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask for confirmation." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var servers = new Servers();
        var command = new Command("erase", "Replace a customer's id, name and e-mail in all that is kept about its orders.") { id, email, mails };
        Array.ForEach([yes, json, .. servers.All], command.Add);
        command.Validators.Add(result =>
        {
            var given = new[] { id, email }.Count(option => !string.IsNullOrWhiteSpace(result.GetValue(option)));
            if (given != 1)
            {
                result.AddError("Name the customer: either --id or --email.");
            }

            if (result.GetValue(mails) is { } folder && !Directory.Exists(folder))
            {
                result.AddError($"--mail-folder: there is no folder '{folder}'.");
            }
        });
        command.SetAction((arguments, cancellationToken) => servers.UseAsync(
            workspace,
            arguments,
            "fanout-erase",
            async (postgres, redis) =>
            {
                var eraser = new CustomerEraser(redis, postgres, arguments.GetValue(mails));
                var orders = await eraser.FindOrdersAsync(arguments.GetValue(id), arguments.GetValue(email), cancellationToken);
                if (orders.Length == 0)
                {
                    await Console.Error.WriteLineAsync("There is no order of this customer. It is not known, or it was erased before.");
                    return 1;
                }

                if (!arguments.GetValue(yes) && !await ConfirmAsync(orders.Length, cancellationToken))
                {
                    return 1;
                }

                var erased = await eraser.EraseAsync(orders, cancellationToken);
                Output.Write(arguments.GetValue(json), erased, CustomerJson.Default.CustomerErasure, Show);
                return erased.IsComplete ? 0 : 1;
            },
            cancellationToken));
        return command;
    }

    private static void Show(CustomerErasure erased)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("place", "erased", "what is left, and why");
        Add("orders", erased.Orders, "ids, amounts and products, for accounting; a hash of the request, which recognises a repeated one");
        Add("outbox", erased.Events, "all but the customer");
        Add("dead letters", erased.DeadLetters, "all but the customer: they can be redriven");
        Add("stream entries", erased.Entries, "the files of Redis, until it writes them anew");
        Add("dead letters in Redis", erased.DeadLetterCopies, "");
        Add("mails", erased.Mails, "mails that were sent are at the mail server and the recipient");
        Add("mail files", erased.MailFiles, "only those in --mail-folder are deleted");
        Add("webhook events", erased.WebhookEvents, "webhooks that were sent are at their receivers");
        Add("webhook deliveries", erased.Deliveries, "results; not what receivers answered");
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine("Backups, and exported logs and traces, are not changed. docs/personal-data.md says how long each is kept.");
        if (!erased.IsComplete)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]{erased.Open} orders are still being handled and were left: run this again.[/]");
        }

        void Add(string place, long count, string left) => table.AddRow(place, count.ToString("N0", CultureInfo.InvariantCulture), left);
    }

    private static async Task<bool> ConfirmAsync(int count, CancellationToken cancellationToken)
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected)
        {
            await Console.Error.WriteLineAsync($"This erases the customer from {count} orders, and cannot be undone. Confirm with --yes.");
            return false;
        }

        var question = $"Erase the customer from {count} orders? This cannot be undone.";
        return await AnsiConsole.ConfirmAsync(question, defaultValue: false, cancellationToken);
    }
}
