using System.Diagnostics;
using System.Text.RegularExpressions;

namespace FanOut.Cli.Mutate;

/// <summary>The sources in a folder of their own, where they can be broken.</summary>
internal sealed partial class RepositoryCopy : IDisposable
{
    private static readonly string[] MadeFolders = ["bin", "obj", "artifacts", "node_modules", "TestResults", "BenchmarkDotNet.Artifacts"];

    /// <summary>A mutant that brings everything to a standstill is caught too.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private RepositoryCopy(string root) => Root = root;

    public string Root { get; }

    public static RepositoryCopy Create(string root)
    {
        var copy = new RepositoryCopy(Directory.CreateTempSubdirectory("fanout-mutate-").FullName);
        Copy(root, copy.Root);
        return copy;
    }

    /// <returns>Null where it succeeds, otherwise what the compiler says.</returns>
    public async Task<string?> BuildAsync(string project, CancellationToken cancellationToken)
    {
        var output = new List<string>();
        var exitCode = await RunAsync(["build", Path.Combine("tests", project), "-c", "Release", "-v", "q", "-nologo", "-clp:ErrorsOnly"], output.Add, cancellationToken);
        return exitCode == 0 ? null : string.Join(Environment.NewLine, output);
    }

    /// <returns>The tests that fail, each once; or that the run did not end well though none did.</returns>
    public async Task<string[]> TestAsync(string project, IEnumerable<string> suites, CancellationToken cancellationToken)
    {
        var failed = new SortedSet<string>(StringComparer.Ordinal);
        var program = Path.Combine("tests", project, "bin", "Release", "net10.0", $"FanOut.{project}.dll");
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Longest);
        try
        {
            var exitCode = await RunAsync(
                [program, "-noColor", .. suites.SelectMany(suite => new[] { "-class", $"*.{suite}" })],
                line =>
                {
                    if (FailedTest().Match(line) is { Success: true } match)
                    {
                        failed.Add(match.Groups["name"].Value);
                    }
                },
                patience.Token);
            return failed.Count > 0 || exitCode == 0 ? [.. failed] : [$"(the run ended with code {exitCode})"];
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [.. failed, $"(the run did not end within {Longest})"];
        }
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (var folder in Directory.EnumerateDirectories(from))
        {
            var name = Path.GetFileName(folder);
            if (!name.StartsWith('.') && !MadeFolders.Contains(name))
            {
                Copy(folder, Directory.CreateDirectory(Path.Combine(to, name)).FullName);
            }
        }
    }

    private async Task<int> RunAsync(string[] arguments, Action<string> onLine, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = new ProcessStartInfo(DotnetHost.Path, arguments) { UseShellExecute = false, WorkingDirectory = Root, RedirectStandardOutput = true } };
        process.Start();
        try
        {
            while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            {
                onLine(line);
            }

            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    [GeneratedRegex(@"^\s+\S*?(?<name>\w+\.\w+)(\(.*\))? \[FAIL\]$")]
    private static partial Regex FailedTest();
}
