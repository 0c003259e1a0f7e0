using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;

namespace FanOut.Cli.Running;

internal static class DownCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    public static Command Create(Workspace workspace)
    {
        var command = new Command("down", "Stop everything that 'up' started. Data are kept.");
        command.SetAction(async (_, cancellationToken) =>
        {
            try
            {
                Console.Out.WriteLine(await StopAsync(workspace, cancellationToken) ? "Stopped." : "The system was not running.");
                return 0;
            }
            catch (TimeoutException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 1;
            }
        });
        return command;
    }

    /// <summary>Stops the AppHost and waits until its processes have ended. The Aspire CLI returns earlier.</summary>
    /// <returns>False if the system was not running.</returns>
    /// <exception cref="TimeoutException">A process is still running after a minute.</exception>
    public static async Task<bool> StopAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        var aspire = new AspireCli(workspace);
        if (await aspire.FindAppHostAsync(cancellationToken) is not { } host)
        {
            return false;
        }

        var pids = (await aspire.DescribeAsync(cancellationToken)).Where(resource => resource.ExitCode is null)
            .Select(resource => resource.Pid).OfType<int>().Append(host.AppHostPid);
        var processes = pids.Select(Find).OfType<Process>().ToArray();
        await AnsiConsole.Status().StartAsync("Stopping", async _ =>
        {
            await aspire.StopAsync(cancellationToken);
            var ended = Task.WhenAll(processes.Select(process => process.WaitForExitAsync(cancellationToken)));
            if (await Task.WhenAny(ended, Task.Delay(Timeout, TimeProvider.System, cancellationToken)) != ended)
            {
                throw new TimeoutException($"Some processes are still running after {Timeout.TotalSeconds} s: see ./fanout status.");
            }
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
