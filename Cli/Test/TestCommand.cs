using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Spectre.Console;

namespace FanOut.Cli.Test;

internal static partial class TestCommand
{
    private const int NoTestsRan = 8;

    public static Command Create(Workspace workspace)
    {
        var name = new Argument<string?>("name") { Description = "A project's name, or a part of tests' names.", Arity = ArgumentArity.ZeroOrOne };
        var noFormat = new Option<bool>("--no-format") { Description = "Leave out 'dotnet format --verify-no-changes'." };
        var noBuild = new Option<bool>("--no-build") { Description = "Run what is built." };
        var command = new Command("test", "Run the tests; the last line counts them.") { name, noFormat, noBuild };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var tally = new Tally();
            if (!arguments.GetValue(noBuild) && await RunAsync(workspace.Root, ["build", "FanOut.sln", "-c", "Release", "-v", "q", "-clp:NoSummary", "-nologo"], null, cancellationToken) != 0)
            {
                tally.Failed("the build");
                return tally.Report();
            }

            var wanted = arguments.GetValue(name);
            if (!arguments.GetValue(noFormat) && wanted is null)
            {
                tally.Count("format", await RunAsync(workspace.Root, ["format", "FanOut.sln", "--verify-no-changes", "--no-restore"], null, cancellationToken) == 0);
            }

            var projects = TestProjects(workspace.Root).ToArray();
            var named = projects.Where(project => wanted is not null && Path.GetFileName(Path.GetDirectoryName(project))!.Contains(wanted, StringComparison.OrdinalIgnoreCase)).ToArray();
            foreach (var project in named.Length > 0 ? named : projects)
            {
                await RunProjectAsync(workspace.Root, project, named.Length > 0 ? null : wanted, tally, cancellationToken);
            }

            return tally.Report();
        });
        return command;
    }

    private static IEnumerable<string> TestProjects(string root) =>
        Directory.EnumerateFiles(Path.Combine(root, "tests"), "*.csproj", SearchOption.AllDirectories)
            .Where(project => File.ReadAllText(project).Contains("\"xunit.v3\"", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    private static async Task RunProjectAsync(string root, string project, string? filter, Tally tally, CancellationToken cancellationToken)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        var program = Path.Combine(Path.GetDirectoryName(project)!, "bin", "Release", "net10.0", $"FanOut.{name}.dll");
        AnsiConsole.MarkupLine($"[bold]{Markup.Escape(name)}[/]");
        var succeeded = 0;
        var failed = 0;
        string[] arguments = [program, "--no-progress", "--no-ansi", .. filter is null ? Array.Empty<string>() : ["--filter-method", $"*{filter}*"]];
        var exitCode = await RunAsync(
            root,
            arguments,
            line =>
            {
                if (SummaryLine().Match(line) is { Success: true } match)
                {
                    var count = int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
                    (succeeded, failed) = match.Groups[1].Value == "succeeded" ? (count, failed) : (succeeded, count);
                }
            },
            cancellationToken);
        tally.Add(succeeded, failed);
        if (exitCode != 0 && failed == 0 && !(exitCode == NoTestsRan && filter is not null))
        {
            tally.Failed($"{name} ended with code {exitCode}");
        }
    }

    private static async Task<int> RunAsync(string root, string[] arguments, Action<string>? onLine, CancellationToken cancellationToken)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(DotnetHost.Path, arguments) { UseShellExecute = false, WorkingDirectory = root, RedirectStandardOutput = onLine is not null },
        };
        process.Start();
        try
        {
            if (onLine is not null)
            {
                while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
                {
                    onLine(line);
                    Console.Out.WriteLine(line);
                }
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

    [GeneratedRegex(@"^\s+(succeeded|failed): (\d+)$")]
    private static partial Regex SummaryLine();
}
