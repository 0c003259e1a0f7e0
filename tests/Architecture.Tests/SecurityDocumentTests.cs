using System.Text.RegularExpressions;
using Xunit;

namespace FanOut.Architecture.Tests;

/// <summary>docs/security.md promises tests.</summary>
public sealed partial class SecurityDocumentTests
{
    [Fact]
    public void Every_test_that_the_document_names_exists()
    {
        var tests = Repository.WithExtension(".cs").Where(file => file.StartsWith("tests/", StringComparison.Ordinal))
            .ToLookup(Path.GetFileNameWithoutExtension, Repository.Read);
        var named = Test().Matches(Repository.Read("docs/security.md"));

        Assert.NotEmpty(named);
        Assert.All(named, test => Assert.Contains(
            tests[test.Groups["class"].Value], code => code.Contains($" {test.Groups["method"].Value}(", StringComparison.Ordinal)
                || test.Groups["method"].Length == 0));
    }

    [Fact]
    public void Every_threat_and_risk_has_a_test()
    {
        var rows = Row().Matches(Repository.Read("docs/security.md")).Select(row => row.Value)
            .Where(row => !row.StartsWith("|--", StringComparison.Ordinal) && !row.EndsWith("| test |", StringComparison.Ordinal)).ToArray();

        Assert.All(rows, row => Assert.Matches(Test(), row));
        Assert.All(Enumerable.Range(1, 10), risk => Assert.Contains(rows, row => row.StartsWith($"| API{risk} ", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"`(?<class>\w+Tests)(\.(?<method>\w+))?`")]
    private static partial Regex Test();

    [GeneratedRegex(@"^\|.*\|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
