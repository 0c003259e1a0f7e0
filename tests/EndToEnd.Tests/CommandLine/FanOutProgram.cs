using System.Diagnostics;
using Xunit;

namespace FanOut.EndToEnd.Tests.CommandLine;

/// <summary>The command-line tool, as the script <c>fanout</c> starts it.</summary>
internal static class FanOutProgram
{
    public static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        var (exitCode, output, _) = await RunFullyAsync(arguments);
        return (exitCode, output);
    }

    public static async Task<(int ExitCode, string Output, string Errors)> RunFullyAsync(params string[] arguments)
    {
        var root = RepositoryRoot();
        var start = new ProcessStartInfo("dotnet", [Path.Combine(root, "Cli", "bin", "Release", "net10.0", "fanout.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["FANOUT_ROOT"] = root },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }

    public static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "FanOut.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"There is no FanOut.sln above {AppContext.BaseDirectory}.");
    }
}
