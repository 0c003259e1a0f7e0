using System.Text.RegularExpressions;
using Xunit;

namespace FanOut.EndToEnd.Tests.CommandLine;

/// <summary>What the tool says of wrong arguments. The system need not run.</summary>
public sealed partial class WrongArgumentTests
{
    [Theory]
    [InlineData("dlq show seven", "'seven'", "a whole number")]
    [InlineData("dlq redrive 1 2x", "'2x'", "Unrecognized")]
    [InlineData("dlq list --limit 99999999999", "'--limit'", "a whole number up to 2147483647")]
    [InlineData("dlq list --from yesterday-ish", "'--from'", "a time such as 2026-01-31T08:00:00Z")]
    [InlineData("demo --orders many", "'--orders'", "a whole number")]
    [InlineData("demo --rate fast", "'--rate'", "a number")]
    [InlineData("demo --orders 0", "--orders", "above 0")]
    [InlineData("verify --wait long", "'--wait'", "a number")]
    [InlineData("verify --wait -1", "--wait", "0 to 86400 seconds")]
    [InlineData("keys create", "'--scope'", "required")]
    [InlineData("keys create --scope orders", "'orders'", "orders:write, orders:read, webhooks, analytics, ops:read, ops:write, or '*'")]
    [InlineData("keys create --scope * --expires soon", "--expires", "90d, 12h or 30m")]
    [InlineData("keys create --scope * --expires 0d", "--expires", "90d, 12h or 30m")]
    [InlineData("keys create --scope * --expires 9999999d", "--expires", "up to 3650d")]
    [InlineData("keys create --scope * --owner shop\u00a0", "--owner", "must not begin or end with a space")]
    [InlineData("keys create --scope * --name a\nb", "--name", "must not contain control characters")]
    [InlineData("keys list --connection Nonsense", "connection string", "malformed")]
    [InlineData("keys revoke x --connection Host=127.0.0.1;Port=1", "Postgres", "connect")]
    [InlineData("dlq shw", "'shw'", "show")]
    public async Task Wrong_arguments_are_named_without_types_of_dotnet(string arguments, string named, string expected)
    {
        var (exitCode, output, errors) = await FanOutProgram.RunFullyAsync(arguments.Split(' '));

        Assert.NotEqual(0, exitCode);
        Assert.Contains(named, errors, StringComparison.Ordinal);
        Assert.Contains(expected, errors + output, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", errors + output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_script_knows_every_command_of_the_tool()
    {
        var (_, help) = await FanOutProgram.RunAsync("--help");
        var commands = Command().Matches(help[help.IndexOf("Commands:", StringComparison.Ordinal)..]).Select(match => match.Groups["name"].Value);
        var script = await File.ReadAllTextAsync(
            Path.Combine(FanOutProgram.RepositoryRoot(), "fanout"), TestContext.Current.CancellationToken);

        Assert.Contains("verify", commands);
        Assert.All(commands, name =>
        {
            Assert.Matches($@"(?m)^  {name} +[A-Z]", script);
            Assert.Matches($@"(?m)^  ([a-z]+ \| )*{name}( \| [a-z]+)*\)$", script);
        });
    }

    [GeneratedRegex("^  (?<name>[a-z]+)", RegexOptions.Multiline)]
    private static partial Regex Command();
}
