using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;

namespace FanOut.Cli.Running;

internal static class DownCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    public static Command Create(Workspace workspace)
    {
        var command = new Command("down", "Stop everything that 'up' has started. Data stay.");
        command.SetAction(async (_, cancellationToken) =>
        {
            Console.Out.WriteLine(await StopAsync(workspace, cancellationToken) ? "Stopped." : "Nothing was running.");
            return 0;
        });
        return command;
    }

    /// <summary>Stops the AppHost, and waits until its processes are gone: the Aspire CLI returns earlier.</summary>
    /// <returns>False if nothing was running.</returns>
    public static async Task<bool> StopAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        var aspire = new AspireCli(workspace);
        if (await aspire.FindAppHostAsync(cancellationToken) is not { } host)
        {
            return false;
        }

        var processes = (await aspire.DescribeAsync(cancellationToken)).Select(resource => resource.Pid).OfType<int>().Append(host.AppHostPid).Select(Find).OfType<Process>().ToArray();
        await AnsiConsole.Status().StartAsync("Stopping", async _ =>
        {
            await aspire.StopAsync(cancellationToken);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Timeout);
            await Task.WhenAll(processes.Select(process => process.WaitForExitAsync(limit.Token)));
        });
        return true;
    }

    private static Process? Find(int pid)
    {
        try
        {
            return Process.GetProcessById(pid);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
