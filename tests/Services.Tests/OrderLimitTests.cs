using System.Text.Json;
using FanOut.AnalyticsWorker.Revenue;
using FanOut.Contracts;
using FanOut.NotificationWorker.Sending;
using FanOut.WebhookWorker.Dispatching;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests;

/// <summary>Anything may be written to a stream. An event beyond the limits of an order takes effect in no group, and stops none.</summary>
public sealed class OrderLimitTests
{
    private static readonly OrderLine Line = new("42", "Singaporean Hokkien Fried Mee", 10, 9.8m, 0.15m, 83.3m);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_beyond_the_limits_is_a_dead_letter_of_every_group_and_names_the_field()
    {
        await using var orders = await OrderStream.CreateAsync();
        var settings = new Dictionary<string, string>(orders.Settings) { ["Smtp:PickupFolder"] = Path.GetTempPath() };
        await using var analytics = await ServiceHost<RevenueHandler>.StartAsync(settings, orders.Database, Cancellation);
        await using var notifications = await ServiceHost<EmailQueue>.StartAsync(settings, orders.Database, Cancellation);
        await using var webhooks = await ServiceHost<DeliveryQueue>.StartAsync(settings, orders.Database, Cancellation);
        var order = OrderStream.Order();
        (OrderPlaced Order, string Error)[] invalid =
        [
            (order with { Lines = [] }, "lines must hold 1 to 500 lines"),
            (order with { Lines = [null!] }, "lines[0] must not be null"),
            (order with { Lines = [.. Enumerable.Repeat(Line, 501)] }, "lines must hold"),
            (Only(Line with { Quantity = 0 }), "lines[0].quantity must be from 1 to 1000000"),
            (Only(Line with { Quantity = -5 }), "lines[0].quantity"),
            (Only(Line with { Quantity = int.MaxValue }), "lines[0].quantity"),
            (Only(Line with { UnitPrice = -1 }), "lines[0].unitPrice"),
            (Only(Line with { UnitPrice = 0.0000001m }), "lines[0].unitPrice"),
            (Only(Line with { Discount = 1.1m }), "lines[0].discount"),
            (Only(Line with { Amount = decimal.MaxValue }), "lines[0].amount"),
            (Only(Line with { Amount = -1 }), "lines[0].amount"),
            (Only(Line with { Name = "a\0b" }), "lines[0].name must not contain control characters"),
            (Only(Line with { Sku = new string('x', 65) }), "lines[0].sku"),
            (order with { Total = decimal.MaxValue }, "total must be from 0"),
            (order with { Total = -0.01m }, "total"),
            (order with { Currency = "XXX" }, "currency"),
            (order with { Number = "a\0b" }, "number"),
            (order with { Number = new string('x', 100_000) }, "number"),
            (order with { Customer = order.Customer with { Email = "a\0b@example.com" } }, "customer.email"),
            (order with { Customer = order.Customer with { Name = "" } }, "customer.name"),
            (order with { PlacedAt = DateTimeOffset.MinValue }, "placedAt"),
        ];
        var valid = order with { OrderId = Guid.CreateVersion7() };

        await orders.PublishAsync([.. invalid.Select(each => each.Order with { OrderId = Guid.CreateVersion7() }), valid]);

        await Eventually.BecomesTrueAsync(
            async () => await CountAsync(orders, "select count(*) from bus.retry where state = 'dead'") == 3 * invalid.Length);
        await Eventually.BecomesTrueAsync(
            async () => await CountAsync(orders, $"""
                select (select count(*) from analytics.effects where subject = '{valid.OrderId}')
                    + (select count(*) from notifications.effects where subject = '{valid.OrderId}')
                    + (select count(*) from webhooks.effects where subject = '{valid.OrderId}')
                """) == 3);
        Assert.Equal(3, await CountAsync(orders, """
            select (select count(*) from analytics.effects) + (select count(*) from notifications.effects) + (select count(*) from webhooks.effects)
            """));
        foreach (var (_, error) in invalid)
        {
            await using var command = orders.Database.DataSource.CreateCommand(
                "select count(*) from bus.retry where position(lower($1) in lower(error)) > 0");
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = error });
            Assert.True((long)(await command.ExecuteScalarAsync(Cancellation))! >= 3, error);
        }

        OrderPlaced Only(OrderLine line) => order with { Lines = [line] };
    }

    [Theory]
    [InlineData("100", "2")]
    [InlineData("100.0", "2.0")]
    [InlineData("1e2", "2e0")]
    [InlineData("1E+2", "0.2E1")]
    [InlineData("1000e-1", "20e-1")]
    [InlineData("100.00000000000000000000000000000000000000", "2.00")]
    public void A_number_is_the_same_in_each_notation(string price, string quantity)
    {
        var line = JsonSerializer.Deserialize(
            $$"""
            {"customer":{"id":"A","name":"a","email":"a@b.c"},"currency":"USD",
             "lines":[{"sku":"1","name":"x","quantity":{{quantity}},"unitPrice":{{price}}}]}
            """,
            ContractsJson.Default.PlaceOrder)!.Lines[0];

        Assert.Equal(("100", 2), (line.UnitPrice.ToString(System.Globalization.CultureInfo.InvariantCulture), line.Quantity));
    }

    [Fact]
    public async Task Reports_survive_sums_that_no_decimal_holds()
    {
        await using var orders = await OrderStream.CreateAsync();
        await using var analytics = await ServiceHost<RevenueHandler>.StartAsync(orders.Settings, orders.Database, Cancellation);
        await using (var command = orders.Database.DataSource.CreateCommand("""
            insert into analytics.daily_revenue
                select '2026-01-01', 'USD', n, 9223372036854775807, 1e28 + 0.0000000001 from generate_series(1, 20) as n;
            insert into analytics.daily_revenue
                values ('2026-01-02', 'EUR', 0, 1, -1e40), ('2026-01-02', 'GBP', 0, 1, 12345678901234567890.1234567891);
            insert into analytics.product_sales
                select '2026-01-01', 'USD', 'a', n, 'A', 9223372036854775807, 1e28 + 0.0000000001 from generate_series(1, 20) as n;
            """))
        {
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        var api = Refit.RestService.For<IAnalyticsApi>(
            analytics.Http, new Refit.RefitSettings(new Refit.SystemTextJsonContentSerializer(ContractsJson.Default.Options)));
        var (from, to) = (new DateOnly(2026, 1, 1), new DateOnly(2026, 1, 2));
        var report = await api.GetRevenueAsync(from, to, cancellationToken: Cancellation);
        var products = await api.GetTopProductsAsync(from, to, cancellationToken: Cancellation);
        var byQuantity = await api.GetTopProductsAsync(from, to, by: "quantity", cancellationToken: Cancellation);

        Assert.Equal(
            [
                new RevenueTotal("EUR", 1, decimal.MinValue), new RevenueTotal("GBP", 1, 12345678901234567890.123456789m),
                new RevenueTotal("USD", long.MaxValue, decimal.MaxValue),
            ],
            report.Totals);
        Assert.Equal(3, report.Days.Count);
        Assert.Equal([new ProductRevenue("a", "A", "USD", long.MaxValue, decimal.MaxValue)], products.Products);
        Assert.Equal(products.Products, byQuantity.Products);
    }

    private static async Task<long> CountAsync(OrderStream orders, string sql)
    {
        await using var command = orders.Database.DataSource.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}
