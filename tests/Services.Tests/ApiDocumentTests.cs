using System.Text.Json.Nodes;
using FanOut.AnalyticsWorker.Reporting;
using FanOut.NotificationWorker.Sending;
using FanOut.OrderApi.Placing;
using FanOut.Reclaimer;
using FanOut.WebhookWorker.Dispatching;
using Xunit;

namespace FanOut.Services.Tests;

/// <summary>What the API documents say is what is enforced.</summary>
public sealed class ApiDocumentTests
{
    private static readonly Dictionary<string, string> Development = new() { ["environment"] = "Development" };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_document_of_the_order_API_states_the_limits_of_an_order()
    {
        await using var host = await ServiceHost<OrderWriter>.StartAsync(Development, cancellationToken: Cancellation);
        var schemas = (await ReadAsync(host))["components"]!["schemas"]!;

        Assert.Equal(["currency", "customer", "lines"], Required(schemas["PlaceOrder"]!));
        Assert.Equal(["name", "quantity", "sku", "unitPrice"], Required(schemas["PlaceOrderLine"]!));
        Assert.All(["PlaceOrder", "PlaceOrders", "PlaceOrderLine", "Customer"], name => Assert.False((bool)schemas[name]!["additionalProperties"]!));
        Says(schemas["PlaceOrder"]!, "lines", """{"type":"array","minItems":1,"maxItems":500}""");
        Says(schemas["PlaceOrder"]!, "currency", """{"type":"string","pattern":"^[A-Z]{3}$"}""");
        Says(schemas["PlaceOrder"]!, "number", """{"type":["null","string"],"minLength":1,"maxLength":64}""");
        Says(schemas["PlaceOrder"]!, "placedAt", """{"type":["null","string"],"format":"date-time"}""");
        Says(schemas["PlaceOrders"]!, "orders", """{"type":"array","minItems":1,"maxItems":1000}""");
        Says(schemas["PlaceOrderLine"]!, "quantity", """{"type":"integer","minimum":1,"maximum":1000000}""");
        Says(schemas["PlaceOrderLine"]!, "unitPrice", """{"type":"number","minimum":0,"maximum":100000000}""");
        Says(schemas["PlaceOrderLine"]!, "discount", """{"type":"number","minimum":0,"maximum":1}""");
        Says(schemas["Customer"]!, "email", """{"type":"string","minLength":1,"maxLength":254}""");
    }

    [Fact]
    public async Task The_documents_of_webhooks_and_operations_state_the_limits_of_their_requests()
    {
        await using var webhooks = await ServiceHost<DeliveryQueue>.StartAsync(Development, cancellationToken: Cancellation);
        await using var operations = await ServiceHost<UnavailableFilter>.StartAsync(Development, cancellationToken: Cancellation);
        var endpoints = (await ReadAsync(webhooks))["components"]!["schemas"]!;
        var decisions = (await ReadAsync(operations))["components"]!["schemas"]!;

        Assert.Equal(["url"], Required(endpoints["PutEndpoint"]!));
        Assert.Null(endpoints["PutEndpoint"]!["properties"]!["secret"]);
        Says(endpoints["CreateEndpoint"]!, "url", """{"type":"string","format":"uri","maxLength":2000}""");
        Says(endpoints["CreateEndpoint"]!, "eventTypes", """{"type":["null","array"],"maxItems":100}""");
        Says(endpoints["CreateEndpoint"]!, "secret", """{"type":["null","string"],"pattern":"^whsec_[A-Za-z0-9+/]{32,86}={0,2}$"}""");
        Assert.Null(decisions["DecideMany"]!["properties"]!["by"]);
        Says(decisions["DecideMany"]!, "numbers", """{"type":["null","array"],"minItems":1,"maxItems":1000}""");
        Says(decisions["DecideMany"]!, "from", """{"type":["null","string"],"format":"date-time"}""");
    }

    [Fact]
    public async Task Documented_query_parameters_are_the_accepted_ones()
    {
        await CheckAsync<OrderWriter>(("/orders", ["after", "customer", "email", "limit", "number"]), ("/orders/{id}", []));
        await CheckAsync<DeliveryQueue>(
            ("/endpoints", ["after", "limit"]), ("/deliveries", ["after", "endpoint", "event", "limit", "state"]),
            ("/operations/endpoints", ["after", "limit"]), ("/operations/deliveries", ["after", "endpoint", "event", "limit", "state"]),
            ("/operations/webhooks", []));
        await CheckAsync<EmailQueue>(("/notifications", ["after", "limit", "state", "subject"]), ("/notifications/summary", []));
        await CheckAsync<Reports>(
            ("/analytics/revenue", ["currency", "from", "to"]), ("/analytics/top-products", ["by", "currency", "from", "limit", "to"]));
        await CheckAsync<UnavailableFilter>(
            ("/dead-letters", ["after", "error", "from", "group", "kind", "limit", "state", "subject", "type", "until"]),
            ("/dead-letters/errors", ["group", "state"]), ("/events", ["after", "from", "limit", "subject", "text", "type"]),
            ("/groups", []), ("/streams", []), ("/history", ["range"]), ("/actions", ["after", "limit"]));
    }

    private static async Task CheckAsync<TService>(params (string Path, string[] Names)[] lists)
        where TService : class
    {
        await using var host = await ServiceHost<TService>.StartAsync(Development, cancellationToken: Cancellation);
        var document = await ReadAsync(host);
        foreach (var (path, names) in lists)
        {
            var parameters = (document["paths"]![path]!["get"]!["parameters"] ?? new JsonArray())
                .AsArray()
                .Where(parameter => (string?)parameter!["in"] == "query")
                .ToArray();
            Assert.Equal(names, parameters.Select(parameter => (string)parameter!["name"]!).Order(StringComparer.Ordinal));
            var address = path.Replace("{id}", Guid.NewGuid().ToString(), StringComparison.Ordinal);
            (await GetAsync(host, $"{address}?colour=red")).IsProblemOf(System.Net.HttpStatusCode.BadRequest, "colour");
            foreach (var limit in parameters.Where(parameter => (string?)parameter!["name"] == "limit").Select(parameter => parameter!["schema"]!))
            {
                Assert.InRange((int)limit["default"]!, 1, (int)limit["maximum"]!);
                Assert.Equal(System.Net.HttpStatusCode.OK, (await GetAsync(host, $"{address}?limit={limit["maximum"]}")).Status);
                (await GetAsync(host, $"{address}?limit={(int)limit["maximum"]! + 1}")).IsProblemOf(System.Net.HttpStatusCode.BadRequest, "limit");
                (await GetAsync(host, $"{address}?limit={(int)limit["minimum"]! - 1}")).IsProblemOf(System.Net.HttpStatusCode.BadRequest, "limit");
            }
        }
    }

    private static async Task<JsonNode> ReadAsync<TService>(ServiceHost<TService> host)
        where TService : class => (await GetAsync(host, "/openapi/v1.json")).Json;

    private static Task<Answer> GetAsync<TService>(ServiceHost<TService> host, string path)
        where TService : class => Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Get, path));

    private static IEnumerable<string> Required(JsonNode schema) =>
        schema["required"]!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal);

    private static void Says(JsonNode schema, string property, string facts)
    {
        foreach (var (name, value) in JsonNode.Parse(facts)!.AsObject())
        {
            Assert.True(
                JsonNode.DeepEquals(value, schema["properties"]![property]![name]),
                $"{property}.{name} is {schema["properties"]![property]![name]?.ToJsonString()}, not {value!.ToJsonString()}.");
        }
    }
}
