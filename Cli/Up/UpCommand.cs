using System.CommandLine;
using FanOut.Cli.Status;
using FanOut.EmbeddedHosting.State;
using Spectre.Console;

namespace FanOut.Cli.Up;

internal static class UpCommand
{
    /// <summary>The host gives up after 120 s by itself and says why; this only bounds a host that cannot even do that.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    public static Command Create(Workspace workspace)
    {
        var detach = new Option<bool>("--detach", "-d") { Description = "Leave it running in the background and return when everything is healthy." };
        var fresh = new Option<bool>("--fresh") { Description = "Delete all data first." };
        var command = new Command("up", "Start Redis, PostgreSQL and every service, and wait until all are healthy.") { detach, fresh };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            if (HostState.Read(workspace.DataPath) is { } state && state.IsAlive())
            {
                if (!arguments.GetValue(fresh))
                {
                    AnsiConsole.MarkupLine("Already running.");
                    return await WaitUntilHealthyAsync(workspace, previous: null, cancellationToken);
                }

                AnsiConsole.MarkupLine("Stopping what runs, to start fresh.");
                await RunningHost.StopAsync(workspace.DataPath, TimeProvider.System, cancellationToken);
            }

            string[] settings = [$"--EmbeddedHosting:DataPath={workspace.DataPath}", $"--EmbeddedHosting:Fresh={arguments.GetValue(fresh)}", .. HostProcess.SettingsThatShellsDrop()];
            if (!arguments.GetValue(detach))
            {
                return await HostProcess.RunAttachedAsync(workspace, settings, cancellationToken);
            }

            var previous = HostState.Read(workspace.DataPath);
            HostProcess.StartDetached(workspace, settings);
            return await WaitUntilHealthyAsync(workspace, previous, cancellationToken);
        });
        return command;
    }

    private static async Task<int> WaitUntilHealthyAsync(Workspace workspace, HostState? previous, CancellationToken cancellationToken)
    {
        var deadline = TimeProvider.System.GetUtcNow() + Patience;
        string? failure = null;
        await AnsiConsole.Status().StartAsync("Starting", async progress =>
        {
            var seen = new HashSet<string>();
            while (true)
            {
                var state = HostState.Read(workspace.DataPath);
                var isNew = state is not null && (previous is null || state.Pid != previous.Pid || state.ProcessStart != previous.ProcessStart);
                var alive = isNew && state!.IsAlive();
                if (isNew && state!.Failure is not null)
                {
                    failure = state.Failure;
                    return;
                }

                if (alive)
                {
                    foreach (var healthy in state!.Resources.Where(resource => resource.Health == "Healthy" && seen.Add(resource.Name)))
                    {
                        AnsiConsole.MarkupLine($"[green]✓[/] {Markup.Escape(healthy.Name)}");
                    }

                    var waiting = state.Resources.Where(resource => resource.Health != "Healthy").Select(resource => resource.Name).ToArray();
                    if (state.Resources.Count > 0 && waiting.Length == 0)
                    {
                        return;
                    }

                    if (AnsiConsole.Profile.Capabilities.Interactive)
                    {
                        progress.Status($"Starting {Markup.Escape(string.Join(", ", waiting))}");
                    }
                }

                if (HostProcess.HasEnded() || (isNew && !alive))
                {
                    failure = $"the AppHost ended by itself. Its last output ({workspace.HostOutput}):\n{HostProcess.LastOutput(workspace)}";
                    return;
                }

                if (TimeProvider.System.GetUtcNow() > deadline)
                {
                    failure = $"not everything became healthy within {Patience.TotalSeconds} s. Last output ({workspace.HostOutput}):\n{HostProcess.LastOutput(workspace)}";
                    return;
                }

                await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
            }
        });

        if (failure is not null)
        {
            AnsiConsole.MarkupLine("[red]Failed[/]");
            await Console.Error.WriteLineAsync(failure);
            return 1;
        }

        var status = SystemStatus.Read(workspace.DataPath);
        Console.Out.WriteLine("FanOut is up: " + string.Join("  ", status.Resources.Where(resource => resource.Endpoints.ContainsKey("http")).Select(resource => $"{resource.Name} {resource.Endpoints["http"]}")));
        return 0;
    }
}
