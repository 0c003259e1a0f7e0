using System.Net;
using System.Text;
using Xunit;

namespace FanOut.Services.Tests.Http;

/// <summary>What a page of another origin can make a browser send changes nothing, on any route of any service.</summary>
[Collection<AllServicesGroup>]
public sealed class OriginTests(AllServices services)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Origin", "http://127.0.0.1:1")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public Task Nothing_can_be_changed_from_another_origin(string header, string value) => EachAsync(async route =>
    {
        foreach (var withBody in new[] { true, false })
        {
            var request = Request(route, withBody ? "application/json" : null);
            request.Headers.TryAddWithoutValidation(header, value);
            (await SendAsync(request)).IsProblem(HttpStatusCode.Forbidden);
        }
    });

    [Theory]
    [InlineData("text/plain")]
    [InlineData("text/plain;application/json")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("application/json; charset=utf-16")]
    public Task Only_JSON_is_accepted(string type) =>
        EachAsync(async route => (await SendAsync(Request(route, type))).IsProblem(HttpStatusCode.UnsupportedMediaType));

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public Task A_compressed_body_is_refused(string encoding) => EachAsync(async route =>
    {
        var request = Request(route, "application/json");
        request.Content!.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        var answer = await SendAsync(request);
        answer.IsProblem(HttpStatusCode.UnsupportedMediaType);
        Assert.Contains("Content-Encoding", (string?)answer.Json["detail"], StringComparison.Ordinal);
    });

    [Theory]
    [InlineData("Sec-Fetch-Site", "same-origin")]
    [InlineData("Sec-Fetch-Site", "none")]
    [InlineData("Origin", "http://localhost:5080")]
    [InlineData("X-None", "")]
    public Task The_service_s_own_page_and_clients_without_a_browser_are_served(string header, string value) => EachAsync(async route =>
    {
        var request = Request(route, "application/json");
        request.Headers.Host = "localhost:5080";
        request.Headers.TryAddWithoutValidation(header, value);
        var status = (await SendAsync(request)).Status;
        Assert.False(
            status is HttpStatusCode.Forbidden or HttpStatusCode.MisdirectedRequest or HttpStatusCode.UnsupportedMediaType, $"{route}: {status}");
    });

    [Theory]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("order-api", false)]
    [InlineData("localhost", true)]
    [InlineData("order-api.localhost:5080", true)]
    [InlineData("10.0.0.7:8080", true)]
    [InlineData("[::1]:8080", true)]
    [InlineData("ORDERS.example.com", true)]
    public Task Only_addresses_and_allowed_names_are_served(string host, bool isAllowed) => EachAsync(
        async route =>
        {
            var request = Request(route, null);
            request.Headers.Host = host;
            var status = (await SendAsync(request)).Status;
            Assert.True((status != HttpStatusCode.MisdirectedRequest) == isAllowed, $"{route}: {status}");
        },
        _ => true);

    [Fact]
    public Task Another_method_than_those_of_a_route_is_refused_by_name() => EachAsync(
        async route =>
        {
            using var request = Request(route with { Method = "PATCH" }, "application/json");
            using var answer = await services.All.Single(service => service.Name == route.Service).Http.SendAsync(request, Cancellation);
            Assert.True(answer.StatusCode == HttpStatusCode.MethodNotAllowed, $"{route}: {answer.StatusCode}");
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            Assert.Contains(route.Method, answer.Content.Headers.Allow);
        },
        _ => true);

    [Fact]
    public Task Every_answer_has_the_security_headers_and_none_is_kept() => EachAsync(
        async route =>
        {
            using var request = Request(route, null);
            using var answer = await services.All.Single(service => service.Name == route.Service).Http.SendAsync(request, Cancellation);
            string Header(string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : "";
            Assert.Equal("nosniff", Header("X-Content-Type-Options"));
            Assert.Equal("DENY", Header("X-Frame-Options"));
            Assert.Equal("no-referrer", Header("Referrer-Policy"));
            Assert.Equal("same-origin", Header("Cross-Origin-Resource-Policy"));
            Assert.Contains("frame-ancestors 'none'", Header("Content-Security-Policy"), StringComparison.Ordinal);
            Assert.True(IsOfPage(route) || answer.Headers.CacheControl is { NoStore: true }, $"{route}: {answer.Headers.CacheControl}");
            Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        },
        _ => true);

    private static bool IsOfPage(Route route) => route.Pattern.RawText!.Contains("scalar", StringComparison.Ordinal);

    private static HttpRequestMessage Request(Route route, string? type)
    {
        var request = new HttpRequestMessage(new HttpMethod(route.Method), new Uri(route.Address, route.Path()));
        if (type is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes("{}"));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        return request;
    }

    private Task<Answer> SendAsync(HttpRequestMessage request) =>
        Answer.ToAsync(services.All.Single(service => service.Http.BaseAddress!.Port == request.RequestUri!.Port).Http, request);

    private async Task EachAsync(Func<Route, Task> check, Func<Route, bool>? which = null)
    {
        var routes = which is null ? services.Writing.ToArray() : [.. services.All.SelectMany(service => service.Routes).Where(which)];
        Assert.NotEmpty(routes);
        foreach (var route in routes)
        {
            await check(route);
        }
    }
}
