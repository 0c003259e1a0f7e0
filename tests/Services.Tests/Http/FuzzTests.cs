using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FanOut.Services.Tests.OrderApi;
using FanOut.TestServers;
using Xunit;

namespace FanOut.Services.Tests.Http;

/// <summary>No request, however wrong, gets an error of the server, no answer, or an error without a reason.</summary>
[Collection<AllServicesGroup>]
public sealed partial class FuzzTests(AllServices services)
{
    private const int Count = 2_000;
    private const int Seed = 11;
    private const long MaxGrowth = 64 << 20;

    private static readonly Dictionary<string, string> Bodies = new()
    {
        ["/orders"] = OrderApiFixture.NewOrder("N-1").ToJsonString(),
        ["/orders/batch"] = OrderApiFixture.Batch(OrderApiFixture.NewOrder("N-2"), OrderApiFixture.NewOrder("N-3")).ToJsonString(),
        ["/endpoints"] = """{"url":"https://8.8.8.8/hook","eventTypes":["order.placed"],"enabled":true,"description":"x","secret":null}""",
        ["/endpoints/{id:guid}"] = """{"url":"https://8.8.8.8/hook","eventTypes":["order.placed"],"enabled":true,"description":"x"}""",
        ["/endpoints/{id:guid}/recover"] = """{"since":"2026-01-31T08:00:00Z"}""",
        ["/endpoints/{id:guid}/secret"] = """{"secret":"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}""",
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("OrderApi")]
    [InlineData("WebhookWorker")]
    [InlineData("NotificationWorker")]
    [InlineData("Reclaimer")]
    public async Task Two_thousand_wrong_requests_are_answered_with_a_reason(string name)
    {
        var routes = services.Writing.Where(route => route.Service == name).ToArray();
        Assert.NotEmpty(routes);
        var mutations = new Mutations(Seed);
        var requests = Enumerable.Range(0, Count)
            .Select(index => routes[index % routes.Length])
            .Select(route => (route, Bytes: mutations.Next(route, BodyOf(route.Pattern.RawText!))))
            .ToArray();

        await SendAsync(requests.Take(Count / 4));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await SendAsync(requests.Skip(Count / 4));

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, MaxGrowth);
    }

    [Fact]
    public async Task Odd_values_of_paths_and_queries_are_answered_with_a_reason()
    {
        string[] values =
        [
            "", "%00", "a%00b", "%ff", "%ed%a0%80", "1e99", "-1", "0", "99999999999999999999", "NaN", "0001", "0001-01-01", "9999-12-31",
            "1.5", "%20", "null", "true",
            "'", "%25", "%0d%0aX:1", "%F0%9F%98%80", new string('x', 2_000), "00000000-0000-0000-0000-000000000000", "9223372036854775807",
            "a,b", "%D9%A1",
        ];
        var requests = new List<(Route, byte[])>();
        foreach (var service in services.All)
        {
            var document = await ReadDocumentAsync(service);
            foreach (var route in service.Routes.Where(route => route.Method == "GET" && route.Pattern.RawText != "/health"))
            {
                var path = "/" + Constraint().Replace(route.Pattern.RawText!.Trim('/'), "");
                var names = (document["paths"]![path]?["get"]?["parameters"] ?? new JsonArray()).AsArray()
                    .Where(parameter => (string?)parameter!["in"] == "query")
                    .Select(parameter => (string)parameter!["name"]!);
                var addresses = names.Append("colour").SelectMany(query => values.Select(value => $"{route.Path()}?{query}={value}"))
                    .Concat(values.Where(value => value.Length > 0).Select(route.Path));
                requests.AddRange(addresses.Select(address => (route, Encoding.ASCII.GetBytes(
                    $"GET {address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/csv\r\n"
                    + $"Authorization: {TestKey.Header}\r\n\r\n"))));
            }
        }

        Assert.NotEmpty(requests);
        await SendAsync(requests);
    }

    [Fact]
    public async Task Unknown_and_ignored_parameters_are_refused_on_every_route_of_the_documents()
    {
        foreach (var service in services.All)
        {
            var paths = (await ReadDocumentAsync(service))["paths"]!.AsObject();
            Assert.NotEmpty(paths);
            foreach (var (path, operations) in paths)
            {
                foreach (var (method, operation) in operations!.AsObject())
                {
                    var parameters = (operation!["parameters"] ?? new JsonArray()).AsArray();
                    var address = parameters.Where(parameter => (string?)parameter!["in"] == "path").Aggregate(path, (filled, parameter) =>
                        filled.Replace(
                            $"{{{parameter!["name"]}}}",
                            (string?)parameter["schema"]!["format"] == "uuid" ? Guid.Empty.ToString() : "1",
                            StringComparison.Ordinal));
                    var typed = parameters
                        .Where(parameter => (string?)parameter!["in"] == "query" && (string?)parameter["schema"]!["format"] is "uuid" or "int32")
                        .Select(parameter => $"{parameter!["name"]}=");
                    foreach (var query in typed.Append("colour=red"))
                    {
                        var name = query.Split('=')[0];
                        using var request = new HttpRequestMessage(HttpMethod.Parse(method), $"{address}?{query}");
                        using var answer = await service.Http.SendAsync(request, Cancellation);
                        Assert.Equal([name], await Problem.FieldsAsync(answer));
                    }
                }
            }
        }
    }

    private static async Task SendAsync(IEnumerable<(Route Route, byte[] Bytes)> requests)
    {
        var wrong = new ConcurrentBag<string>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = Cancellation };
        await Parallel.ForEachAsync(requests, options, async (request, token) =>
        {
            var answer = await RawHttp.SendAsync(request.Route.Address, request.Bytes, token);
            if (Complaint(answer) is { } complaint)
            {
                wrong.Add($"{request.Route} {complaint}: {answer.Status} {answer.Body}\n{Excerpt(Encoding.Latin1.GetString(request.Bytes))}");
            }
        });
        Assert.True(wrong.IsEmpty, $"{wrong.Count}:\n{string.Join("\n\n", wrong.Take(20))}");
    }

    private static string? Complaint(RawAnswer answer)
    {
        // Kestrel itself refuses what is not HTTP, before the service sees it.
        var isOfKestrel = answer.Header("X-Content-Type-Options") is null;
        return answer.Status is 0 or >= 500 ? "failed"
            : answer.Status < 400 || (isOfKestrel && answer.Body.Length == 0) ? null
            : answer.Header("Content-Type") != "application/problem+json" ? "has no problem"
            : HasDetail(answer.Body) ? null
            : "has no reason";
    }

    private static bool HasDetail(string body)
    {
        try
        {
            // A body in chunks begins with the size of the first.
            var json = body[body.IndexOf('{', StringComparison.Ordinal)..(body.LastIndexOf('}') + 1)];
            return JsonNode.Parse(json)!["detail"] is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string BodyOf(string route) => Bodies.GetValueOrDefault("/" + route.Trim('/'))
        ?? (route.Contains('{', StringComparison.Ordinal)
            ? "{}"
            : """{"group":"g","numbers":[1,2],"from":"2026-01-01T00:00:00Z"}""");

    private static async Task<JsonNode> ReadDocumentAsync(RunningService service) =>
        JsonNode.Parse(await service.Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), Cancellation))!;

    [GeneratedRegex(":(guid|long)")]
    private static partial Regex Constraint();

    private static string Excerpt(string text) => text.Length <= 600 ? text : $"{text[..300]} ... {text[^200..]}";
}
