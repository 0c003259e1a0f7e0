using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace FanOut.Cli.Status;

internal static class StatusCommand
{
    public static Command Create(Workspace workspace)
    {
        var json = new Option<bool>("--json") { Description = "For programs." };
        var command = new Command("status", "What runs, where, and whether it is healthy.") { json };
        command.SetAction(arguments =>
        {
            var status = SystemStatus.Read(workspace.DataPath);
            if (arguments.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(status, StatusJson.Default.SystemStatus));
            }
            else
            {
                Show(status);
            }
        });
        return command;
    }

    private static void Show(SystemStatus status)
    {
        if (status.Resources.Count == 0)
        {
            AnsiConsole.MarkupLine("Nothing has been started here yet: [bold]./fanout up[/]");
            return;
        }

        AnsiConsole.Write(Table(status));
    }

    public static Table Table(SystemStatus status)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("resource", "state", "health", "pid", "endpoint");
        foreach (var resource in status.Resources)
        {
            var colour = resource.Health == "Healthy" ? "green" : resource.State is "Running" or "Starting" or "Waiting" ? "yellow" : "red";
            table.AddRow(
                Markup.Escape(resource.Name),
                Markup.Escape(resource.State),
                $"[{colour}]{Markup.Escape(resource.Health)}[/]",
                resource.Pid?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "",
                Markup.Escape(string.Join(' ', resource.Endpoints.Values)));
        }

        return table;
    }
}
