using System.Net;
using FanOut.ServiceDefaults.Access;
using FanOut.Services.Tests.Http;
using Xunit;

namespace FanOut.Services.Tests.Access;

/// <summary>Who may use which route, for all routes of all services.</summary>
[Collection<AllServicesGroup>]
public sealed class RouteAccessTests(AllServices services)
{
    private static readonly string[] Open = ["health", "alive", "", "openapi", "scalar"];

    [Fact]
    public void Only_health_and_the_API_documents_of_Development_need_no_key() => Assert.All(
        services.All.SelectMany(service => service.Routes).Where(route => route.Scope is null),
        route => Assert.Contains(FolderOf(route), Open));

    [Theory]
    [InlineData("OrderApi", "POST", "orders", Scopes.OrdersWrite)]
    [InlineData("OrderApi", "GET", "orders", Scopes.OrdersRead)]
    [InlineData("WebhookWorker", "*", "endpoints", Scopes.Webhooks)]
    [InlineData("WebhookWorker", "*", "deliveries", Scopes.Webhooks)]
    [InlineData("WebhookWorker", "GET", "operations", Scopes.OpsRead)]
    [InlineData("WebhookWorker", "POST", "operations", Scopes.OpsWrite)]
    [InlineData("AnalyticsWorker", "*", "analytics", Scopes.Analytics)]
    [InlineData("NotificationWorker", "GET", "notifications", Scopes.OpsRead)]
    [InlineData("NotificationWorker", "POST", "notifications", Scopes.OpsWrite)]
    [InlineData("Reclaimer", "GET", "streams", Scopes.OpsRead)]
    [InlineData("Reclaimer", "GET", "groups", Scopes.OpsRead)]
    [InlineData("Reclaimer", "POST", "groups", Scopes.OpsWrite)]
    [InlineData("Reclaimer", "GET", "history", Scopes.OpsRead)]
    [InlineData("Reclaimer", "GET", "dead-letters", Scopes.OpsRead)]
    [InlineData("Reclaimer", "POST", "dead-letters", Scopes.OpsWrite)]
    [InlineData("Reclaimer", "GET", "events", Scopes.OpsRead)]
    [InlineData("Reclaimer", "GET", "kafka-trigger", Scopes.OpsRead)]
    [InlineData("Reclaimer", "GET", "actions", Scopes.OpsRead)]
    [InlineData("*", "GET", "journey", Scopes.OpsRead)]
    [InlineData("*", "GET", "metrics", Scopes.OpsRead)]
    public void Each_route_requires_its_scope(string service, string method, string folder, string scope)
    {
        var routes = services.All.SelectMany(each => each.Routes).Where(route => FolderOf(route) == folder
            && (service == "*" || route.Service == service)
            && (method == "*" || route.Method == method)).ToArray();

        Assert.NotEmpty(routes);
        Assert.All(routes, route => Assert.Equal(scope, route.Scope));
    }

    [Fact]
    public Task Anonymous_callers_are_answered_401() => EachAsync(async (route, _) =>
        await RefusedAsync(route, null, HttpStatusCode.Unauthorized, "Send an API key or a token"));

    [Fact]
    public Task A_key_without_the_scope_is_answered_403_that_names_it() => EachAsync(async (route, service) =>
    {
        var key = await NewKey.InAsync(service.Database.DataSource, [.. Scopes.All.Where(scope => scope != route.Scope)]);
        await RefusedAsync(route, key.Text, HttpStatusCode.Forbidden, $"lacks the scope {route.Scope}.");
    });

    [Fact]
    public Task A_revoked_key_is_answered_401() => EachAsync(async (route, service) =>
    {
        var key = await NewKey.RevokedInAsync(service.Database.DataSource, Scopes.Any);
        await RefusedAsync(route, key.Text, HttpStatusCode.Unauthorized, "revoked");
    });

    [Fact]
    public Task An_expired_key_is_answered_401() => EachAsync(async (route, service) =>
    {
        var key = await NewKey.ExpiredInAsync(service.Database.DataSource, Scopes.Any);
        await RefusedAsync(route, key.Text, HttpStatusCode.Unauthorized, "expired");
    });

    [Fact]
    public Task An_unknown_key_is_answered_401() => EachAsync(async (route, _) =>
        await RefusedAsync(route, ApiKey.Generate().Text, HttpStatusCode.Unauthorized, "no such API key"));

    [Fact]
    public Task A_known_id_with_another_secret_is_answered_401() => EachAsync(async (route, service) =>
    {
        var key = await NewKey.InAsync(service.Database.DataSource, Scopes.Any);
        await RefusedAsync(route, NewKey.WithOtherSecret(key), HttpStatusCode.Unauthorized, "no such API key");
        await AcceptedAsync(route, key.Text);
        await RefusedAsync(route, NewKey.WithOtherSecret(key), HttpStatusCode.Unauthorized, "no such API key");
    });

    [Theory]
    [InlineData("fanout_")]
    [InlineData("fanout_tests")]
    [InlineData("fanout_tests.short")]
    [InlineData("fanout_tests.ForTestsOnlyForTestsOnlyForTestsOnlyForTest.x")]
    [InlineData("fanout_te'sts.ForTestsOnlyForTestsOnlyForTestsOnlyForTest")]
    [InlineData("fanout_tests.ForTestsOnlyForTestsOnlyForTestsOnlyForTest, Bearer x")]
    public Task A_malformed_key_is_answered_401(string key) => EachAsync(async (route, _) =>
        await RefusedAsync(route, key, HttpStatusCode.Unauthorized, "malformed"));

    [Fact]
    public Task The_scope_of_a_route_or_every_scope_is_enough() => EachAsync(async (route, service) =>
    {
        await AcceptedAsync(route, (await NewKey.InAsync(service.Database.DataSource, route.Scope!)).Text);
        await AcceptedAsync(route, (await NewKey.InAsync(service.Database.DataSource, Scopes.Any)).Text);
    });

    // The journey of an order is for operators, in every service.
    private static string FolderOf(Route route) =>
        route.Pattern.RawText!.Trim('/').Split('/') is var parts && parts[^1] == "journey" ? "journey" : parts[0];

    private async Task EachAsync(Func<Route, RunningService, Task> check)
    {
        foreach (var service in services.All)
        {
            var closed = service.Routes.Where(route => route.Scope is not null).ToArray();
            Assert.NotEmpty(closed);
            foreach (var route in closed)
            {
                Assert.Contains(route.Scope, Scopes.All);
                await check(route, service);
            }
        }
    }

    private static async Task RefusedAsync(Route route, string? key, HttpStatusCode status, string reason)
    {
        using var client = new HttpClient { BaseAddress = route.Address };
        using var request = Request(route, key);
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode == status, $"{route}: {answer.StatusCode}");
        Assert.Contains("Bearer", answer.Headers.WwwAuthenticate.Select(challenge => challenge.Scheme));
        if (route.Method != "HEAD")
        {
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.Contains(reason, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    private static async Task AcceptedAsync(Route route, string key)
    {
        using var client = new HttpClient { BaseAddress = route.Address };
        using var request = Request(route, key);
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.False(answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, $"{route}: {answer.StatusCode}");
    }

    private static HttpRequestMessage Request(Route route, string? key)
    {
        var request = new HttpRequestMessage(new HttpMethod(route.Method), new Uri(route.Address, route.Path()));
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        }

        return request;
    }
}
