using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using FanOut.Contracts;
using Xunit;
using static FanOut.Services.Tests.OrderApi.OrderApiFixture;

namespace FanOut.Services.Tests.OrderApi;

public sealed class PlacingTests(OrderApiFixture api) : IClassFixture<OrderApiFixture>
{
    [Fact]
    public async Task An_accepted_order_has_its_total_and_location()
    {
        var order = NewOrder();
        order["placedAt"] = "1996-07-04T23:30:00.1234567-05:00";

        var answer = await api.PostOrderAsync(order);

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        Assert.Equal($"/orders/{answer.Id}", answer.Location);
        Assert.Equal("83.30", answer.Json["total"]!.ToJsonString());
        Assert.Equal((string?)order["number"], (string?)answer.Json["number"]);
        Assert.Equal(new DateTimeOffset(1996, 7, 5, 4, 30, 0, 123, 456, TimeSpan.Zero), (DateTimeOffset)answer.Json["placedAt"]!);
        var found = await api.GetAsync(answer.Location!);
        Assert.Equal((HttpStatusCode.OK, answer.Body), (found.Status, found.Body));
    }

    [Fact]
    public async Task An_order_and_its_event_are_written_together()
    {
        var answer = await api.PostOrderAsync(NewOrder());

        Assert.Equal(1, await api.CountEventsAsync(answer.Id));
        await using var command = api.Database.CreateCommand($"select type, data from bus.outbox where subject = '{answer.Id}'");
        await using var rows = await command.ExecuteReaderAsync(Cancellation);
        Assert.True(await rows.ReadAsync(Cancellation));
        Assert.Equal(OrderPlaced.EventType, rows.GetString(0));
        var placed = JsonSerializer.Deserialize(rows.GetFieldValue<byte[]>(1), ContractsJson.Default.OrderPlaced)!;
        var order = JsonSerializer.Deserialize(answer.Body, ContractsJson.Default.Order)!;
        var expected = new OrderPlaced(order.Id, order.Number, order.Customer, order.Currency, order.Lines, order.Total, order.PlacedAt);
        Assert.Equivalent(expected, placed, strict: true);
    }

    [Fact]
    public async Task An_order_has_defaults_for_number_time_and_discount()
    {
        var order = NewOrder();
        order.Remove("number");
        order["placedAt"] = null;
        order["lines"]![0]!.AsObject().Remove("discount");

        var answer = await api.PostOrderAsync(order);

        Assert.Equal(answer.Id, (string?)answer.Json["number"]);
        Assert.InRange((DateTimeOffset)answer.Json["placedAt"]!, TimeProvider.System.GetUtcNow().AddMinutes(-1), TimeProvider.System.GetUtcNow());
        Assert.Equal("98.00", answer.Json["total"]!.ToJsonString());
        Assert.Equal(answer.Body, (await api.GetAsync(answer.Location!)).Body);
    }

    [Theory]
    [InlineData("USD", "0.125", "0.12")]
    [InlineData("USD", "0.135", "0.14")]
    [InlineData("EUR", "440", "440.00")]
    [InlineData("JPY", "10.5", "10")]
    [InlineData("JPY", "11.5", "12")]
    [InlineData("BHD", "0.0005", "0.000")]
    [InlineData("BHD", "0.0015", "0.002")]
    [InlineData("CLF", "0.00015", "0.0002")]
    [InlineData("USD", "0", "0.00")]
    public async Task A_total_is_rounded_half_to_even_to_the_currency_s_minor_unit(string currency, string unitPrice, string total)
    {
        var order = NewOrder();
        order["currency"] = currency;
        order["lines"] = JsonNode.Parse($$"""[{"sku":"1","name":"One","quantity":1,"unitPrice":{{unitPrice}}}]""");

        var answer = await api.PostOrderAsync(order);

        Assert.Equal((HttpStatusCode.Created, total), (answer.Status, answer.Json["total"]?.ToJsonString()));
        Assert.Equal(answer.Body, (await api.GetAsync(answer.Location!)).Body);
    }

    [Fact]
    public async Task A_total_is_rounded_once()
    {
        var order = NewOrder();
        const string Line = """{"sku":"1","name":"Half a cent","quantity":1,"unitPrice":0.005}""";
        order["lines"] = JsonNode.Parse($"[{Line},{Line},{Line}]");

        var answer = await api.PostOrderAsync(order);

        Assert.Equal("0.02", answer.Json["total"]!.ToJsonString());
        Assert.All(answer.Json["lines"]!.AsArray(), line => Assert.Equal(0.005m, (decimal)line!["amount"]!));
    }

    [Fact]
    public async Task The_total_of_the_largest_order_is_exact()
    {
        var order = NewOrder();
        order["currency"] = "CLF";
        order["lines"] = new JsonArray([.. Enumerable.Range(0, OrderLimits.LinesPerOrder).Select(sku => new JsonObject
        {
            ["sku"] = $"{sku}",
            ["name"] = "Gold",
            ["quantity"] = OrderLimits.Quantity,
            ["unitPrice"] = 99_999_999.999999m,
            ["discount"] = 0.0001m,
        })]);

        var answer = await api.PostOrderAsync(order);

        // 500 x 1,000,000 x 99,999,999.999999 x 0.9999 = 49,994,999,999,999,500.05
        Assert.Equal("49994999999999500.0500", answer.Json["total"]!.ToJsonString());
    }

    [Fact]
    public async Task The_Northwind_total_is_exact_for_single_orders_and_batches()
    {
        var orders = NorthwindOrders.Read();

        var one = await Task.WhenAll(orders.Select(order => api.Api.PlaceAsync(order, cancellationToken: Cancellation)));
        var batch = await api.Api.PlaceBatchAsync(new PlaceOrders(orders), cancellationToken: Cancellation);

        Assert.Equal((830, NorthwindOrders.Total), (one.Length, one.Sum(order => order.Total)));
        Assert.Equal(one.Select(order => (order.Id, order.Number, order.Total)), batch.Orders.Select(order => (order.Id, order.Number, order.Total)));
    }

    [Fact]
    public async Task A_batch_has_receipts_in_request_order_and_an_event_per_order()
    {
        var orders = Enumerable.Range(0, 1_000).Select(index => NewOrder($"batch-{1_000 - index}-{Guid.NewGuid():n}")).ToArray();

        var answer = await api.PostBatchAsync(Batch(orders.Select(order => (JsonObject)order.DeepClone())));

        Assert.Equal(HttpStatusCode.Created, answer.Status);
        var receipts = answer.Json["orders"]!.AsArray();
        Assert.Equal(orders.Select(order => (string?)order["number"]), receipts.Select(receipt => (string?)receipt!["number"]));
        Assert.All(receipts, receipt => Assert.Equal(83.30m, (decimal)receipt!["total"]!));
        await using var command = api.Database.CreateCommand("select count(distinct subject) from bus.outbox where subject = any ($1)");
        command.Parameters.AddWithValue(receipts.Select(receipt => (string)receipt!["id"]!).ToArray());
        Assert.Equal(1_000L, await command.ExecuteScalarAsync(Cancellation));
    }

    [Fact]
    public async Task A_batch_with_an_invalid_line_places_nothing()
    {
        var orders = Enumerable.Range(0, 5).Select(_ => NewOrder()).ToArray();
        orders[3]["lines"]![0]!["quantity"] = 0;
        var numbers = orders.Select(order => (string)order["number"]!).ToArray();

        var answer = await api.PostBatchAsync(Batch(orders));

        answer.IsProblemOf(HttpStatusCode.BadRequest, "orders[3].lines[0].quantity");
        foreach (var number in numbers)
        {
            Assert.Equal(0, await api.CountOrdersAsync(number));
        }
    }
}
