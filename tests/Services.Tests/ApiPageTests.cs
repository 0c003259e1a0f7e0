using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FanOut.OrderApi.Placing;
using FanOut.TestServers;
using Xunit;

namespace FanOut.Services.Tests;

/// <summary>The page that shows an API document.</summary>
public sealed partial class ApiPageTests
{
    private static readonly Dictionary<string, string> Development = new() { ["environment"] = "Development" };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_calls_no_other_host_and_has_no_vendor_extras()
    {
        await using var host = await ServiceHost<OrderWriter>.StartAsync(Development, cancellationToken: Cancellation);

        using var answer = await host.Http.GetAsync(new Uri("/scalar/", UriKind.Relative), Cancellation);

        Assert.StartsWith(
            "default-src 'self' 'unsafe-inline' data: blob:;",
            Assert.Single(answer.Headers.GetValues("Content-Security-Policy")),
            StringComparison.Ordinal);
        var page = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.DoesNotContain("http://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        var lines = page.Split('\n', StringSplitOptions.TrimEntries);
        var settings = JsonNode.Parse(lines.Single(line => line.StartsWith("{\"", StringComparison.Ordinal)).TrimEnd(','))!;
        Assert.Equal("never", (string?)settings["showDeveloperTools"]);
        Assert.True((bool)settings["agent"]!["disabled"]! && (bool)settings["mcp"]!["disabled"]! && (bool)settings["hideClientButton"]!);
        Assert.False((bool)settings["telemetry"]! || (bool)settings["withDefaultFonts"]!);
        Assert.Null(settings["proxyUrl"]);
    }

    [Fact]
    public async Task The_page_shows_the_operations_and_no_vendor_offers()
    {
        await using var host = await ServiceHost<OrderWriter>.StartAsync(Development, cancellationToken: Cancellation);
        var profile = Directory.CreateTempSubdirectory("fanout-browser-");
        try
        {
            var shown = await ShowAsync(new Uri(host.Address, "/scalar/"), profile.FullName);

            Assert.All(
                ["FanOut orders", "Place an order", "List orders, newest first", "/orders/{id}"],
                text => Assert.Contains(text, shown, StringComparison.Ordinal));
            Assert.All(
                ["Ask AI", "Deploy", "Open API Client", "Developer Tools", "Generate SDK", "Generate MCP"],
                text => Assert.DoesNotContain(text, shown, StringComparison.OrdinalIgnoreCase));
        }
        finally
        {
            profile.Delete(recursive: true);
        }
    }

    /// <returns>The text of the page once its scripts have run.</returns>
    private static async Task<string> ShowAsync(Uri address, string profile)
    {
        var start = new ProcessStartInfo(ServerBinary.Browser)
        {
            ArgumentList =
            {
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                $"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom", address.ToString(),
            },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var browser = Process.Start(start)!;
        var errors = browser.StandardError.ReadToEndAsync(Cancellation);
        var shown = await browser.StandardOutput.ReadToEndAsync(Cancellation);
        await browser.WaitForExitAsync(Cancellation);
        Assert.True(browser.ExitCode == 0, await errors);
        return NotText().Replace(shown, " ");
    }

    [GeneratedRegex("<style.*?</style>|<script.*?</script>|<[^>]*>", RegexOptions.Singleline)]
    private static partial Regex NotText();
}
