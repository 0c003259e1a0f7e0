using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Spectre.Console;

namespace FanOut.Cli.Test;

internal static partial class TestCommand
{
    public static Command Create(Workspace workspace)
    {
        var name = new Argument<string?>("name") { Description = "A project's name, or a part of tests' names.", Arity = ArgumentArity.ZeroOrOne };
        var noFormat = new Option<bool>("--no-format") { Description = "Leave out 'dotnet format --verify-no-changes'." };
        var noBuild = new Option<bool>("--no-build") { Description = "Run what is built." };
        var command = new Command("test", "Run the tests; the last line counts them.") { name, noFormat, noBuild };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var tally = new Tally();
            if (!arguments.GetValue(noBuild) && await RunAsync(workspace.Root, ["build", "FanOut.sln", "-c", "Release", "-v", "q", "-clp:ErrorsOnly", "-nologo"], null, cancellationToken) != 0)
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
        var log = Path.Combine(Directory.CreateDirectory(Path.Combine(root, "artifacts", "tests")).FullName, $"{name}.log");
        await using var writer = new StreamWriter(log);
        AnsiConsole.MarkupLine($"[bold]{Markup.Escape(name)}[/] (everything it prints: {Markup.Escape(Path.GetRelativePath(root, log))})");
        var isFailure = false;
        var passed = 0;
        var failed = 0;
        var summed = false;
        string[] arguments = [program, "-noColor", .. filter is null ? Array.Empty<string>() : ["-method", $"*{filter}*"]];
        var exitCode = await RunAsync(
            root,
            arguments,
            line =>
            {
                writer.WriteLine(line);

                // The services under test log a lot; here only what failed, and the counts.
                isFailure = line.EndsWith(" [FAIL]", StringComparison.Ordinal) || (isFailure && line.StartsWith("      ", StringComparison.Ordinal));
                if (isFailure || SummaryLine().IsMatch(line))
                {
                    Console.Out.WriteLine(line);
                }

                if (SummaryLine().Match(line) is { Success: true } match)
                {
                    summed = true;
                    failed = Count(match, "errors") + Count(match, "failed");
                    passed = Count(match, "total") - Count(match, "failed") - Count(match, "skipped") - Count(match, "notrun");
                }
            },
            cancellationToken);
        tally.Add(passed, failed);
        if (!summed || (exitCode != 0 && failed == 0))
        {
            tally.Failed($"{name} ended with code {exitCode}{(summed ? "" : " before its summary")}");
        }
    }

    private static int Count(Match match, string group) => match.Groups[group] is { Success: true, Value: var value } ? int.Parse(value, CultureInfo.InvariantCulture) : 0;

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

    [GeneratedRegex(@"^\s+FanOut\.\S+\s+Total: (?<total>\d+)(, Errors: (?<errors>\d+), Failed: (?<failed>\d+), Skipped: (?<skipped>\d+), Not Run: (?<notrun>\d+))?")]
    private static partial Regex SummaryLine();
}
