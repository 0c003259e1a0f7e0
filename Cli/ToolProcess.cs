using System.Diagnostics;

namespace FanOut.Cli;

/// <summary>A program of this repository that reads its own arguments and runs as a process of its own.</summary>
internal static class ToolProcess
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="workspace">The clone.</param>
    /// <param name="program">Its assembly.</param>
    /// <param name="command">What builds it and hands over to it.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit status.</returns>
    public static async Task<int> RunAsync(Workspace workspace, string program, string command, IEnumerable<string> arguments)
    {
        if (!File.Exists(program))
        {
            await Console.Error.WriteLineAsync($"{program} is missing: ./fanout {command} builds it.");
            return 1;
        }

        // Ctrl+C reaches it too, and it then ends by itself, with its servers.
        Console.CancelKeyPress += (_, press) => press.Cancel = true;
        using var process = new Process { StartInfo = new ProcessStartInfo(DotnetHost.Path, [program, .. arguments]) { UseShellExecute = false } };
        process.StartInfo.Environment["FANOUT_ROOT"] = workspace.Root;
        process.Start();
        AppDomain.CurrentDomain.ProcessExit += Kill;
        await process.WaitForExitAsync();
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        return process.ExitCode;

        void Kill(object? sender, EventArgs e)
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
