using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FanOut.OrderApi.Placing;
using FanOut.ServiceDefaults.Access;
using FanOut.Services.Tests.Http;
using FanOut.TestServers;
using Xunit;
using static FanOut.Services.Tests.OrderApi.OrderApiFixture;

namespace FanOut.Services.Tests.OrderApi;

public sealed class IdempotencyTests(OrderApiFixture api) : IClassFixture<OrderApiFixture>
{
    private const int Rivals = 50;

    private static string NewKey => $"key-{Guid.NewGuid()}";

    [Fact]
    public async Task A_repeated_request_gets_the_first_answer_and_places_nothing()
    {
        var key = NewKey;
        var order = NewOrder();
        order.Remove("number");

        var first = await api.PostOrderAsync(order, key);
        var second = await api.PostOrderAsync(order, key);

        Assert.Equal(HttpStatusCode.Created, first.Status);
        Assert.Equal(first with { Replayed = true }, second);
        Assert.Equal(1, await api.CountEventsAsync(first.Id));
    }

    [Fact]
    public async Task Equivalent_bodies_are_the_same_request()
    {
        var key = NewKey;
        const string once = """
            {"customer":{"id":"A","name":"B","email":"a@b.example"},"currency":"USD",
            "lines":[{"sku":"1","name":"x","quantity":2,"unitPrice":9.80,"discount":0}],"placedAt":"2026-01-31T10:00:00Z"}
            """;
        const string again = """
            { "placedAt": "2026-01-31T11:00:00+01:00", "number": null, "currency": "\u0055SD",
              "lines": [ { "name": "x", "sku": "1", "unitPrice": 98e-1, "quantity": 2.0, "discount": -0.00 } ],
              "customer": { "email": "a@b.example", "name": "B", "id": "A" } }
            """;

        var first = await api.PostAsync("/orders", once, key);
        var second = await api.PostAsync("/orders", again, key);

        Assert.Equal(HttpStatusCode.Created, first.Status);
        Assert.Equal(first with { Replayed = true }, second);
    }

    [Fact]
    public async Task The_same_key_of_two_accounts_stands_for_two_requests()
    {
        var key = NewKey;
        var registry = new ApiKeyRegistry(api.Database);
        var acme = await registry.CreateAsync("shop", "acme", [Scopes.OrdersWrite], null, Cancellation);
        var other = await registry.CreateAsync("shop", "other", [Scopes.OrdersWrite], null, Cancellation);

        var first = await PostAsync(acme);
        var second = await PostAsync(other);

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (first.Status, second.Status));
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PostAsync(acme)).Status);

        Task<Answer> PostAsync(ApiKey caller) => Answer.ToAsync(api.Http, new HttpRequestMessage(HttpMethod.Post, "/orders")
        {
            Content = Json(NewOrder().ToJsonString()),
            Headers = { { "Idempotency-Key", key }, { "Authorization", $"Bearer {caller.Text}" } },
        });
    }

    [Theory]
    [InlineData("/orders")]
    [InlineData("/orders/batch")]
    public async Task Two_keys_are_refused(string path)
    {
        var body = path == "/orders" ? NewOrder() : Batch(NewOrder());
        var text = Encoding.UTF8.GetBytes(body.ToJsonString());
        var head = Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {text.Length}\r\n"
            + $"Authorization: {TestKey.Header}\r\nIdempotency-Key: {NewKey}\r\nIdempotency-Key: {NewKey}\r\n\r\n");
        var answer = await RawHttp.SendAsync(api.Http.BaseAddress!, (byte[])[.. head, .. text], TestContext.Current.CancellationToken);

        Assert.Equal(400, answer.Status);
        Assert.Contains("\"Idempotency-Key\":[\"is given more than once\"]", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        var key = NewKey;
        var first = await api.PostOrderAsync(NewOrder(), key);

        var second = NewOrder();
        var refused = await api.PostOrderAsync(second, key);

        Assert.Equal(HttpStatusCode.Created, first.Status);
        refused.IsProblemOf(HttpStatusCode.UnprocessableEntity, "Idempotency-Key");
        Assert.Equal(0, await api.CountOrdersAsync((string)second["number"]!));
    }

    [Fact]
    public async Task A_refused_request_does_not_use_its_key()
    {
        var key = NewKey;
        var order = NewOrder();
        order["currency"] = "EURO";
        (await api.PostOrderAsync(order, key)).IsProblemOf(HttpStatusCode.BadRequest, "currency");

        order["currency"] = "EUR";

        Assert.Equal(HttpStatusCode.Created, (await api.PostOrderAsync(order, key)).Status);
    }

    [Fact]
    public async Task Concurrent_requests_with_one_key_place_one_order()
    {
        var key = NewKey;
        var order = NewOrder();
        order.Remove("number");

        var answers = await Task.WhenAll(Enumerable.Range(0, Rivals).Select(_ => api.PostOrderAsync(order, key)));

        var made = Assert.Single(answers, answer => !answer.Replayed);
        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.All(answers, answer => Assert.Equal(made, answer with { Replayed = false }));
        Assert.Equal(1, await api.CountEventsAsync(made.Id));
    }

    [Fact]
    public async Task Concurrent_different_requests_with_one_key_place_one_order()
    {
        var key = NewKey;
        var orders = Enumerable.Range(0, Rivals).Select(_ => NewOrder()).ToArray();

        var answers = await Task.WhenAll(orders.Select(order => api.PostOrderAsync(order, key)));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.Created);
        Assert.All(
            answers.Where(answer => answer.Status != HttpStatusCode.Created),
            answer => answer.IsProblemOf(HttpStatusCode.UnprocessableEntity, "Idempotency-Key"));
        Assert.Equal(1, (await Task.WhenAll(orders.Select(order => api.CountOrdersAsync((string)order["number"]!)))).Sum());
    }

    [Fact]
    public async Task Concurrent_requests_with_one_number_place_one_order()
    {
        var order = NewOrder();

        var answers = await Task.WhenAll(Enumerable.Range(0, Rivals).Select(index => api.PostOrderAsync(order, index % 2 == 0 ? null : NewKey)));

        var made = Assert.Single(answers, answer => !answer.Replayed);
        Assert.All(answers, answer => Assert.Equal(made, answer with { Replayed = false }));
        Assert.Equal(1, await api.CountEventsAsync(made.Id));
    }

    [Fact]
    public async Task The_same_number_with_another_body_is_refused_and_named()
    {
        var first = NewOrder();
        Assert.Equal(HttpStatusCode.Created, (await api.PostOrderAsync(first)).Status);
        var second = (JsonObject)first.DeepClone();
        second["lines"]![0]!["quantity"] = 11;

        (await api.PostOrderAsync(second)).IsProblemOf(HttpStatusCode.UnprocessableEntity, "number");
        (await api.PostBatchAsync(Batch(NewOrder(), second))).IsProblemOf(HttpStatusCode.UnprocessableEntity, "orders[1].number");
    }

    [Fact]
    public async Task A_new_key_for_a_known_number_belongs_to_its_order()
    {
        var key = NewKey;
        var order = NewOrder();
        var first = await api.PostOrderAsync(order);

        Assert.Equal(first with { Replayed = true }, await api.PostOrderAsync(order, key));
        (await api.PostOrderAsync(NewOrder(), key)).IsProblemOf(HttpStatusCode.UnprocessableEntity, "Idempotency-Key");
    }

    [Fact]
    public async Task A_refused_number_leaves_the_key_free()
    {
        var key = NewKey;
        var first = NewOrder();
        await api.PostOrderAsync(first);
        var second = (JsonObject)first.DeepClone();
        second["currency"] = "EUR";
        (await api.PostOrderAsync(second, key)).IsProblemOf(HttpStatusCode.UnprocessableEntity, "number");

        second["number"] = $"N-{Guid.NewGuid():n}";

        Assert.Equal(HttpStatusCode.Created, (await api.PostOrderAsync(second, key)).Status);
    }

    [Fact]
    public async Task A_batch_repeated_with_its_key_gets_the_first_answer()
    {
        var key = NewKey;
        var orders = Enumerable.Range(0, 3).Select(_ => NewOrder()).ToArray();
        orders[1].Remove("number");
        var batch = Batch(orders);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => api.PostBatchAsync(batch, key)));

        var made = Assert.Single(answers, answer => !answer.Replayed);
        Assert.Equal(HttpStatusCode.Created, made.Status);
        Assert.All(answers, answer => Assert.Equal(made, answer with { Replayed = false }));
        Assert.Equal(1, await api.CountEventsAsync((string)made.Json["orders"]![1]!["id"]!));
        (await api.PostBatchAsync(Batch(NewOrder()), key)).IsProblemOf(HttpStatusCode.UnprocessableEntity, "Idempotency-Key");
        (await api.PostOrderAsync(NewOrder(), key)).IsProblemOf(HttpStatusCode.UnprocessableEntity, "Idempotency-Key");
    }

    [Fact]
    public async Task A_batch_may_contain_orders_that_were_placed_before()
    {
        var known = NewOrder();
        var first = await api.PostOrderAsync(known);

        var answer = await api.PostBatchAsync(Batch(NewOrder(), (JsonObject)known.DeepClone(), NewOrder()));

        Assert.Equal((HttpStatusCode.Created, false), (answer.Status, answer.Replayed));
        Assert.Equal(first.Id, (string?)answer.Json["orders"]![1]!["id"]);
        Assert.Equal(1, await api.CountEventsAsync(first.Id));
        Assert.All(answer.Json["orders"]!.AsArray(), order => Assert.NotNull((string?)order!["id"]));
    }

    [Fact]
    public async Task Overlapping_batches_in_opposite_order_all_succeed()
    {
        var orders = Enumerable.Range(0, 200).Select(_ => NewOrder()).ToArray();
        JsonObject Overlapping(int index)
        {
            var chosen = orders.Skip(index * 10).Take(100).Select(order => (JsonObject)order.DeepClone());
            return Batch(index % 2 == 0 ? chosen : chosen.Reverse());
        }

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(index => api.PostBatchAsync(Overlapping(index), NewKey)));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Created, answer.Status));
        var placed = answers.SelectMany(answer => answer.Json["orders"]!.AsArray())
            .Select(order => ((string)order!["number"]!, (string)order["id"]!))
            .Distinct()
            .ToArray();
        Assert.Equal(190, placed.Length);
        foreach (var (_, id) in placed)
        {
            Assert.Equal(1, await api.CountEventsAsync(id));
        }
    }

    [Fact]
    public async Task A_number_that_is_twice_in_a_batch_is_refused()
    {
        var answer = await api.PostBatchAsync(Batch(NewOrder("twice"), NewOrder(), NewOrder("twice")));

        answer.IsProblemOf(HttpStatusCode.BadRequest, "orders[2].number");
        Assert.Equal(0, await api.CountOrdersAsync("twice"));
    }

    [Fact]
    public async Task An_id_that_serves_as_number_is_taken()
    {
        var unnumbered = NewOrder();
        unnumbered.Remove("number");
        var first = await api.PostOrderAsync(unnumbered);
        Assert.Equal(first.Id, (string?)first.Json["number"]);

        (await api.PostOrderAsync(NewOrder(first.Id))).IsProblemOf(HttpStatusCode.UnprocessableEntity, "number");
        (await api.PostBatchAsync(Batch(NewOrder(), NewOrder(first.Id)), NewKey)).IsProblemOf(HttpStatusCode.UnprocessableEntity, "orders[1].number");

        var looksLikeAnId = NewOrder(Guid.NewGuid().ToString());
        var made = await api.PostOrderAsync(looksLikeAnId);
        Assert.Equal((HttpStatusCode.Created, false), (made.Status, made.Replayed));
        Assert.Equal(made with { Replayed = true }, await api.PostOrderAsync(looksLikeAnId));
        Assert.Equal(1, await api.CountEventsAsync(first.Id));
    }

    [Fact]
    public async Task Repeated_requests_cause_no_database_errors()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var database = await postgres.CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var host = await ServiceHost<OrderWriter>.StartAsync(database: database, cancellationToken: Cancellation);
        var unnumbered = NewOrder();
        unnumbered.Remove("number");
        (string Path, JsonObject Body, string[] Key)[] requests =
        [
            ("/orders", unnumbered, [NewKey]), ("/orders", NewOrder(), []), ("/orders", NewOrder(), [NewKey]),
            ("/orders/batch", Batch(NewOrder()), []), ("/orders/batch", Batch(NewOrder()), [NewKey]),
        ];
        foreach (var (path, body, key) in requests)
        {
            foreach (var again in new[] { false, true })
            {
                var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body.ToJsonString()) };
                request.Headers.Add("Idempotency-Key", key);
                var answer = await Answer.ToAsync(host.Http, request);
                Assert.Equal((HttpStatusCode.Created, again), (answer.Status, answer.Replayed));
            }
        }

        Assert.DoesNotContain("ERROR", postgres.LogTail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tab\tinside")]
    [InlineData(256)]
    public async Task An_invalid_key_is_reported_with_the_other_errors(object key)
    {
        var order = NewOrder();
        order["currency"] = "??";

        var answer = await api.PostOrderAsync(order, key is int length ? new string('k', length) : (string)key);

        answer.IsProblemOf(HttpStatusCode.BadRequest, "Idempotency-Key", "currency");
    }
}
