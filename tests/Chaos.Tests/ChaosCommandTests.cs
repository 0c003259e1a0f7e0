using System.CommandLine;
using System.Globalization;
using FanOut.Chaos.Scenarios;

namespace FanOut.Chaos.Tests;

/// <summary>The fault suite itself, shortened. These tests rely on its exit status and its table, which VerifierTests check.</summary>
public sealed class ChaosCommandTests
{
    private static readonly string[] Shortened = ["kill-webhook", "stall-worker", "redis-empty", "postgres-kill", "trimmed-outside", "poison"];

    [Fact]
    public async Task No_order_is_lost_or_duplicated_under_faults()
    {
        var (status, output) = await InvokeAsync([.. Shortened, "--quick", "--seed", "1", "--orders-per-second", "30"]);

        Assert.True(status == 0, output);
        var lines = output.Split('\n').Where(line => line.StartsWith('│'));
        var rows = lines.Select(line => line.Trim('│', '\r').Split('│', StringSplitOptions.TrimEntries)).ToArray();
        Assert.Equal(
            [
                "scenario", "accepted", "webhook", "analytics", "notification", "lost", "doubled", "stuck", "unexpected", "prevented",
                "dead-lettered", "recovery", "",
            ],
            rows[0]);
        Assert.Equal(Shortened, rows[1..].Select(row => row[0]));
        Assert.All(rows[1..], row =>
        {
            Assert.True(int.Parse(row[1], NumberStyles.AllowThousands, CultureInfo.InvariantCulture) > 30, output);
            Assert.Equal(row[1], row[2]);
            Assert.Equal(row[1], row[3]);
            Assert.Equal(["0", "0", "0", "0"], row[5..9]);
            Assert.Equal("passed", row[^1]);
        });
    }

    [Fact]
    public async Task The_list_has_every_scenario_with_its_description()
    {
        var (status, output) = await InvokeAsync("--list");

        Assert.Equal(0, status);
        Assert.All(Catalogue.All, scenario => Assert.Contains($"{scenario.Name} ", output, StringComparison.Ordinal));
        Assert.All(Catalogue.All, scenario => Assert.Contains(scenario.Description, output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("--minutes", "0")]
    [InlineData("same-key", "--orders-per-second", "0")]
    public async Task Invalid_arguments_are_refused_before_anything_runs(params string[] arguments)
    {
        var (status, output) = await InvokeAsync(arguments);

        Assert.NotEqual(0, status);
        Assert.DoesNotContain("logs in", output, StringComparison.Ordinal);
    }

    private static async Task<(int Status, string Output)> InvokeAsync(params string[] arguments)
    {
        await using var output = new StringWriter();
        var status = await ChaosCommand.Create().Parse(arguments).InvokeAsync(
            new InvocationConfiguration { Output = TextWriter.Synchronized(output), Error = TextWriter.Null }, TestContext.Current.CancellationToken);
        return (status, output.ToString());
    }
}
