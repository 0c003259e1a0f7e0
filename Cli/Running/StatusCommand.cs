using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace FanOut.Cli.Running;

internal static class StatusCommand
{
    public static Command Create(Workspace workspace)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("status", "Show each resource: its state, health, process id and endpoints.") { json };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var status = await SystemStatus.ReadAsync(workspace, cancellationToken);
            if (arguments.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(status, StatusJson.Default.SystemStatus));
            }
            else
            {
                Show(status);
            }

            return 0;
        });
        return command;
    }

    public static void Show(SystemStatus status)
    {
        if (status.Resources.Count == 0)
        {
            AnsiConsole.MarkupLine("The system is not running. Start it with [bold]./fanout up[/].");
            return;
        }

        var table = new Table().Border(TableBorder.Rounded).AddColumns("resource", "state", "health", "pid", "endpoint");
        foreach (var resource in status.Resources)
        {
            var colour = resource.IsReady ? "green" : resource.State is "Running" or "Starting" or "Waiting" ? "yellow" : "red";
            table.AddRow(
                Markup.Escape(resource.Name),
                Markup.Escape(resource.State),
                $"[{colour}]{Markup.Escape(resource.Health)}[/]",
                resource.Pid?.ToString(CultureInfo.InvariantCulture) ?? "",
                Markup.Escape(string.Join(' ', resource.Endpoints.Values)));
        }

        AnsiConsole.Write(table);
        Console.Out.WriteLine($"Dashboard: {status.Dashboard}");
    }
}
