using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using FanOut.Contracts;
using Xunit;
using static FanOut.Services.Tests.OrderApi.OrderApiFixture;

namespace FanOut.Services.Tests.OrderApi;

public sealed class ValidationTests(OrderApiFixture api) : IClassFixture<OrderApiFixture>
{
    [Fact]
    public async Task Every_invalid_value_is_named_in_one_answer()
    {
        const string body = """
            {"customer":{"id":" A","name":"","email":"nobody"},"currency":"usd","number":"","placedAt":"1899-12-31T00:00:00Z",
             "lines":[{"sku":"1","name":"x","quantity":1,"unitPrice":1},
                      {"sku":"\t","name":"","quantity":0,"unitPrice":-1,"discount":1.01},
                      {"sku":" ","name":" ","quantity":1000001,"unitPrice":0.0000001,"discount":0.00001}]}
            """;

        var answer = await api.PostAsync("/orders", body);

        answer.IsProblemOf(
            HttpStatusCode.BadRequest,
            "customer.id", "customer.name", "customer.email", "currency", "number", "placedAt",
            "lines[1].sku", "lines[1].name", "lines[1].quantity", "lines[1].unitPrice", "lines[1].discount",
            "lines[2].sku", "lines[2].name", "lines[2].quantity", "lines[2].unitPrice", "lines[2].discount");
    }

    [Theory]
    [InlineData("""{"customer":{"id":"A","name":17}}""", "customer.name", "must be a string")]
    [InlineData("""{"lines":[{"sku":"1"},{"quantity":"2"}]}""", "lines[0].name", "is required")]
    [InlineData("""{"lines":[{"quantity":"2"}]}""", "lines[0].quantity", "must be a number")]
    [InlineData("""{"lines":[{"quantity":1.5}]}""", "lines[0].quantity", "must be a whole number")]
    [InlineData("""{"lines":[{"unitPrice":"9.80"}]}""", "lines[0].unitPrice", "must be a number")]
    [InlineData("""{"lines":[{"sku":null}]}""", "lines[0].sku", "must not be null")]
    [InlineData("""{"lines":[{"colour":"red"}]}""", "lines[0].colour", "is not a known field")]
    [InlineData("""{"lines":["line"]}""", "lines[0]", "must be an object")]
    [InlineData("""{"lines":null}""", "lines", "must not be null")]
    [InlineData("""{"lines":{}}""", "lines", "must be an array")]
    [InlineData("""{"Currency":"USD"}""", "Currency", "is not a known field")]
    [InlineData("""{"currency":"USD","currency":"USD"}""", "currency", "is given more than once")]
    [InlineData("""{"placedAt":"yesterday"}""", "placedAt", "must be a time with an offset, like 2026-01-31T09:30:00Z")]
    [InlineData("""{"currency":"USD",}""", "$", "is not valid JSON (line 1, byte 19)")]
    [InlineData("null", "$", "must be a JSON object")]
    public async Task A_body_of_the_wrong_form_gets_the_path_and_the_fix(string body, string path, string message)
    {
        var answer = await api.PostAsync("/orders", body);

        answer.IsProblem(HttpStatusCode.BadRequest);
        Assert.Equal(message, (string?)answer.Json["errors"]![path]![0]);
    }

    [Fact]
    public async Task Missing_fields_are_named()
    {
        (await api.PostAsync("/orders", "{}")).IsProblemOf(HttpStatusCode.BadRequest, "customer", "currency", "lines");
        (await api.PostAsync("/orders/batch", "{}")).IsProblemOf(HttpStatusCode.BadRequest, "orders");
        (await api.PostAsync("/orders/batch", """{"orders":[{},null]}"""))
            .IsProblemOf(HttpStatusCode.BadRequest, "orders[0].customer", "orders[0].currency", "orders[0].lines");
        (await api.PostAsync("/orders/batch", $$"""{"orders":[{{NewOrder().ToJsonString()}},null]}"""))
            .IsProblemOf(HttpStatusCode.BadRequest, "orders[1]");
        var order = NewOrder();
        order["lines"] = new JsonArray(NewLine(), null);
        (await api.PostOrderAsync(order)).IsProblemOf(HttpStatusCode.BadRequest, "lines[1]");
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{")]
    [InlineData("{,}")]
    [InlineData("{'currency':'USD'}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("42")]
    [InlineData("\"order\"")]
    [InlineData("<order/>")]
    public async Task A_body_other_than_a_JSON_object_is_refused(string body)
    {
        (await api.PostAsync("/orders", body)).IsProblemOf(HttpStatusCode.BadRequest, "$");
        (await api.PostAsync("/orders/batch", body)).IsProblemOf(HttpStatusCode.BadRequest, "$");
    }

    [Fact]
    public async Task Content_after_the_object_is_refused() =>
        (await api.PostAsync("/orders", NewOrder().ToJsonString() + "{}")).IsProblemOf(HttpStatusCode.BadRequest, "$");

    [Theory]
    [InlineData("customer.id", "\"\"")]
    [InlineData("customer.id", "\"a\\u0000b\"")]
    [InlineData("customer.name", "\"\\ud800\"")]
    [InlineData("customer.name", "\"line\\nbreak\"")]
    [InlineData("customer.name", "\"   \"")]
    [InlineData("customer.name", "{\"first\":\"A\"}")]
    [InlineData("currency", "\"XXX\"")]
    [InlineData("currency", "\"XAU\"")]
    [InlineData("currency", "\"DEM\"")]
    [InlineData("currency", "\"US\"")]
    [InlineData("currency", "840")]
    [InlineData("number", "10248")]
    [InlineData("number", "\" 10248\"")]
    [InlineData("placedAt", "\"2026-01-31\"")]
    [InlineData("placedAt", "\"2026-01-31T10:00:00\"")]
    [InlineData("placedAt", "\"2026-02-30T10:00:00Z\"")]
    [InlineData("placedAt", "\"9999-12-31T23:59:59Z\"")]
    [InlineData("placedAt", "\"0001-01-01T00:00:00Z\"")]
    [InlineData("placedAt", "\"0001-01-01T00:00:00+14:00\"")]
    [InlineData("placedAt", "1769853600")]
    [InlineData("lines", "[]")]
    [InlineData("lines", "{}")]
    [InlineData("lines", "null")]
    [InlineData("lines[0].quantity", "0")]
    [InlineData("lines[0].quantity", "-1")]
    [InlineData("lines[0].quantity", "1.5")]
    [InlineData("lines[0].quantity", "1000001")]
    [InlineData("lines[0].quantity", "99999999999999999999")]
    [InlineData("lines[0].quantity", "1e400")]
    [InlineData("lines[0].quantity", "true")]
    [InlineData("lines[0].unitPrice", "-0.01")]
    [InlineData("lines[0].unitPrice", "100000000.01")]
    [InlineData("lines[0].unitPrice", "1e-30")]
    [InlineData("lines[0].unitPrice", "1e400")]
    [InlineData("lines[0].unitPrice", "\"9.80\"")]
    [InlineData("lines[0].unitPrice", "null")]
    [InlineData("lines[0].unitPrice", "0.00000000000000000000000000000000000001")]
    [InlineData("lines[0].discount", "-0.1")]
    [InlineData("lines[0].discount", "1.0001")]
    [InlineData("lines[0].discount", "0.00001")]
    [InlineData("lines[0].discount", "\"10%\"")]
    public async Task An_invalid_value_is_refused_by_name(string path, string json)
    {
        var order = NewOrder();
        var number = (string)order["number"]!;
        var owner = path.StartsWith("customer.", StringComparison.Ordinal) ? order["customer"]!
            : path.StartsWith("lines[0].", StringComparison.Ordinal) ? order["lines"]![0]!
            : order;
        var name = path[(path.IndexOf('.', StringComparison.Ordinal) + 1)..];
        owner[name] = "VALUE";

        var body = order.ToJsonString().Replace("\"VALUE\"", json, StringComparison.Ordinal);
        (await api.PostAsync("/orders", body)).IsProblemOf(HttpStatusCode.BadRequest, path);
        Assert.Equal(0, await api.CountOrdersAsync(number));
    }

    [Theory]
    [MemberData(nameof(EmailAddresses.Accepted), MemberType = typeof(EmailAddresses))]
    public async Task An_address_that_the_mailer_can_send_to_is_accepted(string address, string _)
    {
        var order = NewOrder();
        order["customer"]!["email"] = address;

        Assert.Equal(HttpStatusCode.Created, (await api.PostOrderAsync(order)).Status);
    }

    [Theory]
    [MemberData(nameof(EmailAddresses.Refused), MemberType = typeof(EmailAddresses))]
    public async Task An_address_that_the_mailer_cannot_send_to_is_refused(string address)
    {
        var order = NewOrder();
        order["customer"]!["email"] = address;

        (await api.PostOrderAsync(order)).IsProblemOf(HttpStatusCode.BadRequest, "customer.email");
    }

    [Theory]
    [InlineData("customer.name", "Ω'; drop schema orders cascade; --")]
    [InlineData("customer.name", "😀 \u202e \"quoted\" \\")]
    [InlineData("customer.email", "o'brien+tag@sub.example.co.uk")]
    [InlineData("customer.email", "δοκιμή@παράδειγμα.ελ")]
    public async Task An_unusual_value_is_kept(string path, string value)
    {
        var name = path["customer.".Length..];
        var order = NewOrder();
        order["customer"]![name] = value;

        var answer = await api.PostOrderAsync(order);

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        Assert.Equal(answer.Body, (await api.GetAsync(answer.Location!)).Body);
        Assert.Equal(value, (string?)answer.Json["customer"]![name]);
    }

    [Theory]
    [InlineData("2024-02-29T23:59:59.999999999Z", "2024-02-29T23:59:59.999999+00:00")]
    [InlineData("2024-02-29t23:59:59.1z", "2024-02-29T23:59:59.1+00:00")]
    [InlineData("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00+00:00")]
    [InlineData("2024-03-01 00:30:00-00:00", "2024-03-01T00:30:00+00:00")]
    public async Task A_time_is_kept_in_UTC_to_the_microsecond(string value, string kept)
    {
        var order = NewOrder();
        order["placedAt"] = value;

        var answer = await api.PostOrderAsync(order);

        Assert.Equal((HttpStatusCode.Created, kept), (answer.Status, (string?)answer.Json["placedAt"]));
        Assert.Equal(answer.Body, (await api.GetAsync(answer.Location!)).Body);
    }

    [Fact]
    public async Task A_field_given_twice_is_refused_by_name()
    {
        var order = NewOrder().ToJsonString();
        (await api.PostAsync("/orders", $"{order[..^1]},\"currency\":\"EUR\"}}")).IsProblemOf(HttpStatusCode.BadRequest, "currency");
    }

    [Fact]
    public async Task Invalid_UTF8_is_refused()
    {
        var text = NewOrder().ToJsonString().Replace("Chevalier", "#", StringComparison.Ordinal);
        var bytes = Encoding.ASCII.GetBytes(text);
        bytes[text.IndexOf('#', StringComparison.Ordinal)] = 0xff;
        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");

        var answer = await Answer.ToAsync(api.Http, new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = content });

        answer.IsProblemOf(HttpStatusCode.BadRequest, "customer.name");
        Assert.Contains("Unicode", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("customer.name", "\\ud800")]
    [InlineData("customer.name", "\\udc00\\ud800")]
    [InlineData("number", "x\\ud800x")]
    [InlineData("currency", "\\udfff")]
    public async Task Text_that_is_not_Unicode_is_refused_by_name(string path, string escaped)
    {
        var order = NewOrder();
        var last = path.Split('.')[^1];
        (path.Contains('.', StringComparison.Ordinal) ? order["customer"]!.AsObject() : order)[last] = "#";

        var answer = await api.PostAsync("/orders", order.ToJsonString().Replace("#", escaped, StringComparison.Ordinal));

        answer.IsProblemOf(HttpStatusCode.BadRequest, path);
        Assert.Contains("not valid Unicode", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/orders")]
    [InlineData("/orders/batch")]
    public async Task Ten_megabytes_are_answered_each_time_also_where_the_type_is_wrong(string path)
    {
        foreach (var (type, status) in Enumerable.Repeat(new[]
            {
                ("application/json", HttpStatusCode.RequestEntityTooLarge), ("text/plain", HttpStatusCode.UnsupportedMediaType),
            }, 5).SelectMany(pair => pair))
        {
            using var content = new ByteArrayContent(new byte[10_000_000]);
            content.Headers.ContentType = new MediaTypeHeaderValue(type);

            (await Answer.ToAsync(api.Http, new HttpRequestMessage(HttpMethod.Post, path) { Content = content })).IsProblem(status);
        }
    }

    [Fact]
    public async Task Long_field_names_are_shortened()
    {
        var longName = new string('x', 50_000);

        var answer = await api.PostAsync("/orders", $$"""{"\ud800":1,"{{longName}}":2,"":3}""");

        answer.IsProblem(HttpStatusCode.BadRequest);
        Assert.InRange(answer.Body.Length, 100, 2_000);
    }

    [Fact]
    public async Task Deep_nesting_is_refused()
    {
        var body = string.Concat(Enumerable.Repeat("{\"customer\":", 5_000)) + "1" + new string('}', 5_000);

        (await api.PostAsync("/orders", body)).IsProblemOf(HttpStatusCode.BadRequest, "customer.customer");
        (await api.PostAsync("/orders", new string('[', 5_000))).IsProblemOf(HttpStatusCode.BadRequest, "$");
    }

    [Fact]
    public async Task The_answer_to_a_thousand_invalid_orders_is_small()
    {
        var wrong = NewOrder("");
        wrong["currency"] = "usd";
        wrong["customer"]!["id"] = "";
        wrong["customer"]!["name"] = "";
        wrong["customer"]!["email"] = "";

        var answer = await api.PostBatchAsync(Batch(Enumerable.Range(0, 1_000).Select(_ => (JsonObject)wrong.DeepClone())));

        answer.IsProblem(HttpStatusCode.BadRequest);
        Assert.Equal(1_000, answer.Json["errors"]!.AsObject().Count);
        Assert.Contains("4000 more", (string?)answer.Json["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_orders_or_lines_than_allowed_are_refused()
    {
        var order = NewOrder();
        order["lines"] = new JsonArray([.. Enumerable.Range(0, OrderLimits.LinesPerOrder + 1).Select(_ => NewLine())]);
        (await api.PostOrderAsync(order)).IsProblemOf(HttpStatusCode.BadRequest, "lines");

        var orders = Enumerable.Range(0, OrderLimits.OrdersPerBatch + 1).Select(_ => NewOrder());
        (await api.PostBatchAsync(Batch(orders))).IsProblemOf(HttpStatusCode.BadRequest, "orders");
        (await api.PostBatchAsync(Batch())).IsProblemOf(HttpStatusCode.BadRequest, "orders");
    }

    [Theory]
    [InlineData("/orders", 300 * 1024)]
    [InlineData("/orders/batch", 5 * 1024 * 1024)]
    public async Task A_body_over_the_limit_is_refused_with_or_without_a_length(string path, int length)
    {
        var bytes = new byte[length];
        bytes.AsSpan().Fill((byte)' ');
        foreach (var chunked in new[] { false, true })
        {
            using var content = new ByteArrayContent(bytes);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
            request.Headers.TransferEncodingChunked = chunked;

            (await Answer.ToAsync(api.Http, request)).IsProblem(HttpStatusCode.RequestEntityTooLarge);
        }
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task A_body_of_another_type_is_refused(string? contentType)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(NewOrder().ToJsonString()));
        content.Headers.ContentType = contentType is null ? null : new MediaTypeHeaderValue(contentType);

        var request = new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = content };
        (await Answer.ToAsync(api.Http, request)).IsProblem(HttpStatusCode.UnsupportedMediaType);
    }
}
