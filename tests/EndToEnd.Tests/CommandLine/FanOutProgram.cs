using System.Diagnostics;
using Xunit;

namespace FanOut.EndToEnd.Tests.CommandLine;

/// <summary>The command-line tool, as the script <c>fanout</c> starts it.</summary>
internal static class FanOutProgram
{
    public static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        var root = RepositoryRoot();
        var start = new ProcessStartInfo("dotnet", [Path.Combine(root, "Cli", "bin", "Release", "net10.0", "fanout.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            Environment = { ["FANOUT_ROOT"] = root },
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output);
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "FanOut.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"There is no FanOut.sln above {AppContext.BaseDirectory}.");
    }
}
