using System.CommandLine;
using System.Diagnostics;

namespace FanOut.Cli.Bench;

internal static class BenchCommand
{
    public const string Name = "bench";

    /// <summary>Only how it appears in the help: its arguments are the benchmark's own to read.</summary>
    public static Command Create() => new(Name, "Measure the event bus and the services against what the servers can do: 'bench --help' says more.");

    /// <summary>Runs the benchmark as a process of its own: what it measures shares it with nothing.</summary>
    public static async Task<int> RunAsync(Workspace workspace, IEnumerable<string> arguments)
    {
        if (!File.Exists(workspace.Bench))
        {
            await Console.Error.WriteLineAsync($"{workspace.Bench} is missing: ./fanout bench builds it.");
            return 1;
        }

        // Ctrl+C reaches it too, and it then ends by itself, with its servers.
        Console.CancelKeyPress += (_, press) => press.Cancel = true;
        using var process = new Process { StartInfo = new ProcessStartInfo(DotnetHost.Path, [workspace.Bench, .. arguments]) { UseShellExecute = false } };
        process.StartInfo.Environment["FANOUT_ROOT"] = workspace.Root;
        process.Start();
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        };
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
