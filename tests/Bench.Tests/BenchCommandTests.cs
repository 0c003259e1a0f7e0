using System.CommandLine;
using System.Text.Json;

namespace FanOut.Bench.Tests;

public sealed class BenchCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fanout-bench-tests-");

    [Fact]
    public async Task The_results_of_a_scenario_are_written_with_its_limit_and_ratios()
    {
        var file = Path.Combine(_folder.FullName, "results.json");

        Assert.Equal(0, await InvokeAsync("publish", "--smoke", "--json", file));

        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(["results"], json.RootElement.EnumerateObject().Select(member => member.Name));
        var results = json.RootElement.GetProperty("results").EnumerateArray().ToArray();
        var variants = results.Select(result => result.GetProperty("variant").GetString());
        Assert.Equal(["pipelined XADD", "relay, from the outbox"], variants);
        var limit = results[0].GetProperty("value").GetDouble();
        Assert.All(results, result =>
        {
            Assert.Equal(["scenario", "variant", "unit", "value", "limit", "ratio"], result.EnumerateObject().Select(member => member.Name));
            Assert.Equal("publish", result.GetProperty("scenario").GetString());
            Assert.Equal("events/s", result.GetProperty("unit").GetString());
            Assert.True(result.GetProperty("value").GetDouble() > 0);
            Assert.Equal(limit, result.GetProperty("limit").GetDouble());
            Assert.Equal(result.GetProperty("value").GetDouble() / limit, result.GetProperty("ratio").GetDouble(), 9);
        });
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("publish", "--rounds", "0")]
    public async Task Wrong_arguments_are_refused_before_anything_runs(params string[] arguments)
    {
        Assert.NotEqual(0, await InvokeAsync([.. arguments, "--json", Path.Combine(_folder.FullName, "results.json")]));

        Assert.Empty(_folder.GetFiles());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static Task<int> InvokeAsync(params string[] arguments) =>
        BenchCommand.Create().Parse(arguments).InvokeAsync(new InvocationConfiguration(), TestContext.Current.CancellationToken);
}
