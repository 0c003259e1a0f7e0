using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace FanOut.Architecture.Tests;

/// <summary><c>./fanout mutate</c> can apply each patch and finds the suites that it names.</summary>
public sealed partial class MutationTests
{
    private static IEnumerable<string> Patches => Repository.WithExtension(".patch");

    [Fact]
    public void Every_mutation_still_applies()
    {
        Assert.NotEmpty(Patches);
        Assert.All(Patches, patch =>
        {
            using var git = Process.Start(new ProcessStartInfo("git", ["apply", "--check", patch]) { WorkingDirectory = Repository.Root })!;
            git.WaitForExit();
            Assert.True(git.ExitCode == 0, $"{patch} does not fit any more: apply it by hand and make it again with git diff.");
        });
    }

    [Fact]
    public void Every_mutation_names_suites_that_exist()
        => Assert.All(Patches, patch =>
        {
            var tests = TestsLine().Match(Repository.Read(patch));
            Assert.True(tests.Success, $"{patch} has no line 'Tests: project suite ...'.");
            var (project, suites) = (tests.Groups["project"].Value, tests.Groups["suites"].Value.Split(' '));
            Assert.All(suites, suite => Assert.Contains(
                Repository.Files, file => Path.GetFileName(file) == $"{suite}.cs" && Repository.ProjectOf(file) == project));
        });

    [GeneratedRegex(@"^Tests: (?<project>\S+) (?<suites>.+)$", RegexOptions.Multiline)]
    private static partial Regex TestsLine();
}
