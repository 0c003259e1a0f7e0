using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using FanOut.ServiceDefaults.Access;
using FanOut.StreamConsole.Clients;
using FanOut.TestServers;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace FanOut.Services.Tests.StreamConsole;

/// <summary>Who may see what of the console, for all its routes.</summary>
public sealed partial class ConsoleRouteTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_the_sign_in_its_files_and_health_are_open_and_all_else_requires_a_scope()
    {
        await using var console = await ConsoleHost.StartAsync();
        var routes = RoutesOf(console);

        var open = routes.Where(route => route.Metadata.GetMetadata<IAllowAnonymous>() is not null && !IsFile(route)).Select(PathOf).Distinct();
        Assert.Equal(["/alive", "/health", "/sign-in", "/sign-out"], open.Order(StringComparer.Ordinal));

        // A route that requires no scope is closed to everyone.
        var closed = routes
            .Where(route => route.Metadata.GetMetadata<IAllowAnonymous>() is null && route.Metadata.GetMetadata<IAuthorizeData>() is not null)
            .ToArray();
        Assert.Contains("/", closed.Select(PathOf));
        Assert.Contains("/_blazor/negotiate", closed.Select(PathOf));
        Assert.All(closed, route => Assert.Equal(
            Scopes.OpsRead, Assert.Single(route.Metadata.GetOrderedMetadata<IAuthorizeData>(), required => required.Policy is not null).Policy));
    }

    [Fact]
    public async Task The_scripts_and_styles_that_a_page_names_are_sent_in_production_too()
    {
        await using var console = await ConsoleHost.StartAsync(settings: (WebHostDefaults.EnvironmentKey, Environments.Production));
        var page = await console.Browser.GetStringAsync(new Uri("/sign-in", UriKind.Relative), Cancellation);
        var files = FileAddress().Matches(page).Select(match => match.Groups["path"].Value).ToArray();

        Assert.Contains(files, file => file.StartsWith("console.", StringComparison.Ordinal) && file.EndsWith(".js", StringComparison.Ordinal));
        foreach (var file in files)
        {
            using var answer = await console.GetAsync($"/{file}");
            Assert.True(answer.IsSuccessStatusCode && (await answer.Content.ReadAsByteArrayAsync(Cancellation)).Length > 0, $"/{file} is empty.");
        }
    }

    [Fact]
    public async Task A_page_that_is_refused_says_why_and_has_a_trace()
    {
        await using var console = await ConsoleHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "elsewhere.example" } };
        using var answer = await console.Browser.SendAsync(request, Cancellation);
        var page = await answer.Content.ReadAsStringAsync(Cancellation);

        Assert.Equal(HttpStatusCode.MisdirectedRequest, answer.StatusCode);
        Assert.Matches("<h1>[^<]+</h1>", page);
        Assert.Matches("The trace of this request is [0-9a-f-]{10,}", page);
    }

    [Fact]
    public async Task A_service_that_is_unhealthy_is_asked_once_and_shown_to_say_why()
    {
        var asked = 0;
        await using var service = WebApplication.CreateSlimBuilder().Build();
        service.Urls.Add("http://127.0.0.1:0");
        service.MapGet("/health", () =>
        {
            Interlocked.Increment(ref asked);
            var health = new ServiceHealth("Unhealthy", new Dictionary<string, HealthEntry> { ["postgres"] = new("Unhealthy", "Postgres is away.") });
            return TypedResults.Json(health, statusCode: StatusCodes.Status503ServiceUnavailable);
        });
        await service.StartAsync(Cancellation);
        await using var console = await ConsoleHost.StartAsync(settings: ("services:reclaimer:http:0", service.Urls.First()));

        var clients = new ServiceClients(console.Services.GetRequiredService<IHttpClientFactory>(), "key");
        var health = await clients.GetHealthAsync(ServiceClients.Reclaimer, Cancellation);

        Assert.Equal(("Unhealthy", "Postgres is away.", 1), (health.Status, health.Reason, asked));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/stream")]
    [InlineData("/no-such-page")]
    [InlineData("/metrics")]
    [InlineData("/_blazor")]
    [InlineData("/_blazor/initializers")]
    public async Task A_person_is_asked_to_sign_in_and_a_program_is_answered_401_or_403(string path)
    {
        await using var console = await ConsoleHost.StartAsync();
        var address = new Uri(path, UriKind.Relative);
        using var person = await console.GetAsync(path);
        using var program = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = console.Address };
        using var anonymous = await program.GetAsync(address, Cancellation);
        program.DefaultRequestHeaders.Authorization = new("Bearer", (await console.NewKeyAsync(Scopes.Analytics)).Text);
        using var other = await program.GetAsync(address, Cancellation);

        Assert.Equal(HttpStatusCode.Redirect, person.StatusCode);
        Assert.Equal($"/sign-in?returnUrl={Uri.EscapeDataString(path)}", person.Headers.Location?.OriginalString);
        Assert.Equal(HttpStatusCode.Unauthorized, anonymous.StatusCode);
        Assert.Contains("Bearer", anonymous.Headers.WwwAuthenticate.Select(challenge => challenge.Scheme));
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
        Assert.Equal("application/problem+json", other.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("POST", "/sign-in", "https://evil.example", false)]
    [InlineData("POST", "/sign-out", "https://evil.example", false)]
    [InlineData("POST", "/_blazor/negotiate", "https://evil.example", false)]
    [InlineData("GET", "/_blazor", "https://evil.example", true)]
    [InlineData("GET", "/_blazor", "http://127.0.0.1:1", true)]
    public async Task A_page_of_another_origin_can_send_nothing_and_open_no_connection(string method, string path, string origin, bool isWebSocket)
    {
        await using var console = await ConsoleHost.StartAsync();
        using var signedIn = await console.SignInAsync((await console.NewKeyAsync(Scopes.OpsRead)).Text);
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Origin", origin);
        if (isWebSocket)
        {
            request.Headers.Connection.Add("Upgrade");
            request.Headers.Upgrade.Add(new ProductHeaderValue("websocket"));
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", "13");
            request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        }

        using var answer = await console.Browser.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task A_page_loads_only_what_this_host_has_and_runs_no_inline_script()
    {
        await using var console = await ConsoleHost.StartAsync();
        using var signedIn = await console.SignInAsync((await console.NewKeyAsync(Scopes.OpsRead)).Text);

        foreach (var path in new[] { "/", "/sign-in" })
        {
            using var page = await console.GetAsync(path);
            var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
            Assert.StartsWith("default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;", policy, StringComparison.Ordinal);
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.True(page.Headers.CacheControl is { NoStore: true } or { NoCache: true });
            var html = await page.Content.ReadAsStringAsync(Cancellation);
            Assert.DoesNotMatch("""<script(?![^>]* src=")|\son\w+="|(src|href)="(https?:)?//""", html);
        }
    }

    [Theory]
    [InlineData("text/html", "text/html")]
    [InlineData("*/*", "application/problem+json")]
    public async Task Without_Postgres_a_person_reads_words_and_a_program_a_problem(string accept, string type)
    {
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        await Access.NewKey.CreateTablesAsync(database.DataSource);
        await using var console = await ConsoleHost.StartAsync(
            database, settings: ("ConnectionStrings:fanout", "Host=127.0.0.1;Port=1;Username=nobody;Database=fanout;Timeout=1"));
        console.Browser.DefaultRequestHeaders.Accept.Clear();
        console.Browser.DefaultRequestHeaders.Accept.ParseAdd(accept);

        using var answer = await console.GetAsync("/sign-in");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.DoesNotContain("127.0.0.1", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Until_the_first_migration_a_person_reads_words()
    {
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        await Access.NewKey.CreateTablesAsync(database.DataSource); // The host adds a key.
        await using var console = await ConsoleHost.StartAsync(database);
        await using var drop = database.DataSource.CreateCommand("drop schema access cascade");
        await drop.ExecuteNonQueryAsync(Cancellation);

        console.Browser.DefaultRequestHeaders.Authorization = new("Bearer", ApiKey.Generate().Text);
        using var page = await console.GetAsync("/");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task A_wrong_address_of_traces_stops_the_start()
    {
        var failure = await Assert.ThrowsAnyAsync<Exception>(
            () => ConsoleHost.StartAsync(settings: ("Console:TraceUrl", "https://grafana.example.com")));

        Assert.Contains("Console:TraceUrl must be an address with {trace} in it.", failure.ToString(), StringComparison.Ordinal);
    }

    private static RouteEndpoint[] RoutesOf(ConsoleHost console) =>
        [.. console.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()];

    private static string PathOf(RouteEndpoint route) => $"/{route.RoutePattern.RawText!.Trim('/')}";

    private static bool IsFile(RouteEndpoint route) => Path.HasExtension(route.RoutePattern.RawText);

    [GeneratedRegex("""(?:src|href)="(?<path>[^"/][^"]*\.(?:js|css))""")]
    private static partial Regex FileAddress();
}
