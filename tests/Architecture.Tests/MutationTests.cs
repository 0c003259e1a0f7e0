using System.Text.RegularExpressions;
using Xunit;

namespace FanOut.Architecture.Tests;

/// <summary>A mutation that no longer fits the sources proves nothing: <c>./fanout mutate</c> must be able to apply each, and find the suites that it names.</summary>
public sealed partial class MutationTests
{
    private static IEnumerable<string> Patches => Repository.WithExtension(".patch").Where(file => file.StartsWith("tools/mutations/", StringComparison.Ordinal));

    [Fact]
    public void Every_mutation_still_applies()
    {
        Assert.NotEmpty(Patches);
        Assert.All(Patches, patch =>
        {
            var parts = FileHeader().Split(Repository.Read(patch));
            Assert.True(parts.Length > 1, $"{patch} holds no diff.");
            foreach (var (file, hunks) in parts.Skip(1).Chunk(2).Select(part => (part[0], part[1])))
            {
                foreach (var hunk in HunkHeader().Split(hunks).Skip(1))
                {
                    var before = string.Concat(hunk.Split('\n').TakeWhile(line => line is [' ' or '-' or '+', ..]).Where(line => line[0] != '+').Select(line => $"{line[1..]}\n"));
                    Assert.True(Repository.Read(file).Split(before).Length == 2, $"{patch} does not fit {file} any more: apply it by hand and make it again with git diff.");
                }
            }
        });
    }

    [Fact]
    public void Every_mutation_names_suites_that_exist()
        => Assert.All(Patches, patch =>
        {
            var tests = TestsLine().Match(Repository.Read(patch));
            Assert.True(tests.Success, $"{patch} has no line 'Tests: project suite ...'.");
            var (project, suites) = (tests.Groups["project"].Value, tests.Groups["suites"].Value.Split(' '));
            Assert.All(suites, suite => Assert.Contains(Repository.Files, file => file.StartsWith($"tests/{project}/", StringComparison.Ordinal) && file.EndsWith($"/{suite}.cs", StringComparison.Ordinal)));
        });

    [GeneratedRegex(@"^\+\+\+ b/(.+)$", RegexOptions.Multiline)]
    private static partial Regex FileHeader();

    [GeneratedRegex(@"^@@ .*\n", RegexOptions.Multiline)]
    private static partial Regex HunkHeader();

    [GeneratedRegex(@"^Tests: (?<project>\S+) (?<suites>.+)$", RegexOptions.Multiline)]
    private static partial Regex TestsLine();
}
