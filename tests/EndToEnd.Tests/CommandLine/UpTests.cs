using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;

namespace FanOut.EndToEnd.Tests.CommandLine;

public sealed partial class UpTests : IDisposable
{
    private readonly string _data = Path.Combine(Path.GetTempPath(), $"fanout-up-{Guid.NewGuid():N}");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Up_starts_the_system_and_down_ends_all_its_processes()
    {
        string[] up =
        [
            "up", "--detach", "--fresh", "--Containers=false", $"--DataPath={_data}", "--Ports:order-api=0", "--Ports:stream-console=0",
            "--ASPNETCORE_URLS=http://127.0.0.1:0", "--ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL=http://127.0.0.1:0",
            "--ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL=http://127.0.0.1:0",
        ];
        Assert.True((await PidsAsync()).Length == 0, "A system of this clone is running. Stop it before the tests: ./fanout down");
        var (exitCode, output) = await FanOutProgram.RunAsync(up);
        try
        {
            Assert.True(exitCode == 0, output);
            var console = SignIn().Match(output);
            Assert.Equal("Console", FirstAddress().Match(output).Groups[1].Value);
            Assert.Matches(@"Dashboard +http://\S+/login\?t=\w+", output);
            using var http = new HttpClient();
            var health = await http.GetStringAsync(new Uri($"{OrderApi().Match(output).Groups[1].Value}/health"), Cancelled);
            Assert.Equal("Healthy", (string?)JsonNode.Parse(health)!["status"]);
            var curl = Curl().Match(output);
            http.DefaultRequestHeaders.Authorization = new("Bearer", curl.Groups["key"].Value);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri(curl.Groups["url"].Value), Cancelled)).StatusCode);
            Assert.Equal(curl.Groups["key"].Value, console.Groups["key"].Value);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri(console.Groups["url"].Value), Cancelled)).StatusCode);

            Assert.Empty(ReadableByOthers(_data));
            var artifacts = Path.Combine(FanOutProgram.RepositoryRoot(), "artifacts");
            Assert.True(File.Exists(Path.Combine(artifacts, "apphost.log")));
            Assert.DoesNotContain(Path.Combine(artifacts, "apphost.log"), ReadableByOthers(artifacts));

            var (again, repeated) = await FanOutProgram.RunAsync("up", "--detach");
            Assert.Equal(0, again);
            Assert.StartsWith("Already running.", repeated, StringComparison.Ordinal);
        }
        finally
        {
            var pids = await PidsAsync();
            var running = Process.GetProcesses().Where(process => pids.Contains(process.Id)).ToArray();
            (exitCode, _) = await FanOutProgram.RunAsync("down");
            Assert.Equal(0, exitCode);
            Assert.Equal(8, running.Length);
            Assert.All(running, process => Assert.True(process.HasExited, $"{process.Id} is still running."));
        }

        Assert.Empty(await PidsAsync());
        Assert.Equal("The system was not running.\n", (await FanOutProgram.RunAsync("down")).Output);
    }

    /// <summary>The folders of the servers are closed, and so is all that is in them.</summary>
    private static IEnumerable<string> ReadableByOthers(string folder) =>
        Directory.EnumerateFileSystemEntries(folder).Where(path => Path.GetFileName(path) != "lock" && !IsClosedToOthers(path));

    private static bool IsClosedToOthers(string path) =>
        OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode)0b111_111) == 0;

    public void Dispose()
    {
        if (Directory.Exists(_data))
        {
            Directory.Delete(_data, recursive: true);
        }
    }

    private static async Task<int[]> PidsAsync()
    {
        var (_, status) = await FanOutProgram.RunAsync("status", "--json");
        return [.. JsonNode.Parse(status)!["resources"]!.AsArray().Select(resource => (int?)resource!["pid"]).OfType<int>()];
    }

    [GeneratedRegex(@"curl -s (?<url>\S+) -H 'authorization: Bearer (?<key>[^']+)'")]
    private static partial Regex Curl();

    [GeneratedRegex(@"^  (\w[\w ]*?) +http", RegexOptions.Multiline)]
    private static partial Regex FirstAddress();

    [GeneratedRegex(@"Console +(?<url>http://\S+/sign-in)#(?<key>\S+)")]
    private static partial Regex SignIn();

    [GeneratedRegex(@"Order API +(http://\S+)")]
    private static partial Regex OrderApi();
}
