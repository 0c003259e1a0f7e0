#!/usr/bin/env -S dotnet run
#:package Microsoft.Playwright
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false

// Takes the screenshots of the Aspire dashboard in docs/dashboard. Run it beside a running system:
//   ./fanout up --detach && dotnet run tools/screenshots.cs
// It places one order, and needs Chromium (apt-get install chromium; another path: CHROMIUM=...).
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

var output = args.FirstOrDefault() ?? "docs/dashboard";
Directory.CreateDirectory(output);
var appHosts = (await AspireAsync("ps", "--format", "Json")).AsArray();
var appHost = appHosts.First(host => ((string)host!["appHostPath"]!).StartsWith(Environment.CurrentDirectory, StringComparison.Ordinal))!;
var login = new Uri((string)appHost["dashboardUrl"]!);
var resources = (await AspireAsync("describe", "--format", "Json", "--apphost", "AppHost/AppHost.csproj"))["resources"]!.AsArray();
var urls = resources.Single(resource => (string?)resource!["displayName"] == "order-api")!["urls"]!.AsArray();
var orderApi = urls.Select(url => (string)url!["url"]!).First(url => !url.EndsWith("/scalar", StringComparison.Ordinal));

var trace = ActivityTraceId.CreateRandom().ToHexString();
using var http = new HttpClient { BaseAddress = new Uri(orderApi) };
var migrator = resources.Single(resource => (string?)resource!["displayName"] == "migrator")!;
http.DefaultRequestHeaders.Authorization = new("Bearer", (string?)migrator["environment"]!["Access__DevelopmentKey"]);
http.DefaultRequestHeaders.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-01");
const string Order = """
    { "customer": { "id": "ALFKI", "name": "Alfreds Futterkiste", "email": "alfki@example.com" }, "currency": "USD",
      "lines": [ { "sku": "chai", "name": "Chai", "quantity": 2, "unitPrice": 18.00, "discount": 0 } ] }
    """;
using var body = new StringContent(Order, Encoding.UTF8, "application/json");
(await http.PostAsync(new Uri("/orders", UriKind.Relative), body)).EnsureSuccessStatusCode();

using var playwright = await Playwright.CreateAsync();
await using var browser = await playwright.Chromium.LaunchAsync(new()
{
    ExecutablePath = Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium",
    Args =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync",
    ],
});
var page = await browser.NewPageAsync(new() { ViewportSize = new() { Width = 1440, Height = 900 } });
await page.GotoAsync(login.ToString());
await page.GetByText("notification-worker").First.WaitForAsync();
await ShootAsync($"/traces/detail/{trace}", "trace", page.GetByText("notification-worker").First);
foreach (var extra in args.Skip(1))
{
    var content = page.Locator("fluent-data-grid, table, .metrics-chart, canvas, svg").First;
    await ShootAsync(extra, extra.Trim('/').Replace('/', '-').Replace('?', '-'), content);
}

async Task ShootAsync(string path, string name, ILocator ready)
{
    await page.GotoAsync(new Uri(login, path).ToString());
    await ready.WaitForAsync();

    // Rows appear one after the other.
    await page.WaitForTimeoutAsync(2_000);
    await page.ScreenshotAsync(new() { Path = Path.Combine(output, $"{name}.png") });
    Console.WriteLine(Path.Combine(output, $"{name}.png"));
}

static async Task<JsonNode> AspireAsync(params string[] arguments)
{
    var start = new ProcessStartInfo("dotnet", ["aspire", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
    using var process = Process.Start(start)!;
    var errors = process.StandardError.ReadToEndAsync();
    var output = await process.StandardOutput.ReadToEndAsync();
    await process.WaitForExitAsync();
    return JsonNode.Parse(output) ?? throw new InvalidOperationException($"aspire {string.Join(' ', arguments)} printed nothing: {await errors}");
}
