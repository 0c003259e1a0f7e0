using System.Diagnostics;
using System.Text.Json.Nodes;
using FanOut.EndToEnd.Tests.Running;
using Xunit;

namespace FanOut.EndToEnd.Tests.CommandLine;

/// <summary><c>./fanout</c>, as a person or a program calls it.</summary>
[Collection(nameof(SharedSystemGroup))]
public sealed class CommandLineTests(SharedSystem shared)
{
    [Fact]
    public async Task Status_tells_programs_what_runs_where_and_whether_it_is_healthy()
    {
        var (exitCode, output) = await FanOutAsync("status", "--json");

        Assert.Equal(0, exitCode);
        var resources = JsonNode.Parse(output)!["resources"]!.AsArray().ToDictionary(resource => (string)resource!["name"]!, resource => resource!.AsObject());
        Assert.Equal(["redis", "postgres", .. RunningSystem.Services], resources.Keys);
        Assert.All(resources.Values, resource =>
        {
            Assert.Equal(["name", "type", "state", "health", "pid", "endpoints", "connectionString"], resource.Select(property => property.Key));
            Assert.Equal(("Running", "Healthy"), ((string)resource["state"]!, (string)resource["health"]!));
            using var process = Process.GetProcessById((int)resource["pid"]!);
            Assert.False(process.HasExited);
        });
        Assert.All(RunningSystem.Services, service => Assert.StartsWith("http://127.0.0.1:", (string)resources[service]["endpoints"]!["http"]!, StringComparison.Ordinal));
        Assert.Equal(shared.System.Orders.BaseAddress, new Uri((string)resources["order-api"]["endpoints"]!["http"]!));
        Assert.Contains("Database=fanout", (string)resources["postgres"]["connectionString"]!, StringComparison.Ordinal);
        Assert.Contains("password=", (string)resources["redis"]["connectionString"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_places_orders_and_finds_each_done_exactly_once_in_every_group()
    {
        var (exitCode, output) = await FanOutAsync("demo", "--orders", "200", "--json");

        var result = JsonNode.Parse(output)!;
        Assert.Equal((200, 200, 0), ((int)result["orders"]!, (int)result["placed"]!, (int)result["refused"]!));
        var groups = result["groups"]!.AsArray();
        Assert.Equal(["webhook-delivery", "analytics-pipeline", "notification-sender"], groups.Select(group => (string)group!["group"]!));
        Assert.All(groups, group =>
        {
            Assert.Equal((200, 200), ((int)group!["events"]!, (int)group["effects"]!));
            Assert.Equal((0, 0, 0), ((int)group["missing"]!, (int)group["over"]!, (int)group["deadLetters"]!));
            Assert.True((double)group["p50Ms"]! <= (double)group["p99Ms"]!);
        });
        Assert.Equal(0, exitCode);
    }

    private async Task<(int ExitCode, string Output)> FanOutAsync(params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("bash", [Path.Combine(RepositoryRoot(), "fanout"), .. arguments])
            {
                RedirectStandardOutput = true,
                Environment = { ["FANOUT_DATA"] = shared.System.Folder },
            },
        };
        process.Start();
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output);
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "FanOut.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"There is no FanOut.sln above {AppContext.BaseDirectory}.");
    }
}
