using System.CommandLine;
using FanOut.EmbeddedHosting.State;
using Spectre.Console;

namespace FanOut.Cli.Down;

internal static class DownCommand
{
    public static Command Create(Workspace workspace)
    {
        var command = new Command("down", "Stop everything that 'up' has started, in the reverse order.");
        command.SetAction(async (_, cancellationToken) =>
        {
            var wasRunning = HostState.Read(workspace.DataPath)?.IsAlive() ?? false;
            await AnsiConsole.Status().StartAsync("Stopping", _ => RunningHost.StopAsync(workspace.DataPath, TimeProvider.System, cancellationToken));
            AnsiConsole.MarkupLine(wasRunning ? "Stopped." : "Nothing was running.");
            return 0;
        });
        return command;
    }
}
