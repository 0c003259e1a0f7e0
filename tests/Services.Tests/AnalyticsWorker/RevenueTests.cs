using FanOut.Contracts;
using FanOut.OrderApi.Placing;
using Xunit;
using static FanOut.Services.Tests.AnalyticsWorker.AnalyticsFixture;

namespace FanOut.Services.Tests.AnalyticsWorker;

public sealed class RevenueTests(AnalyticsFixture analytics) : IClassFixture<AnalyticsFixture>
{
    [Fact]
    public async Task The_Northwind_reports_are_exact_across_a_restart()
    {
        var orders = NorthwindOrders.Read().Select(request => Draft.Of(request, TimeProvider.System.GetUtcNow()).ToEvent().Data).ToArray();
        await analytics.PublishAsync(orders.Take(500));
        await analytics.StopWorkerAsync();
        await analytics.PublishAsync(orders.Skip(500));
        await analytics.StartWorkerAsync();
        await analytics.UntilEffectedAsync(orders);

        var api = analytics.Api;
        var report = await api.GetRevenueAsync(new(1996, 1, 1), new(1998, 12, 31), "USD", Cancellation);
        var top = await api.GetTopProductsAsync(new(1996, 1, 1), new(1998, 12, 31), limit: 100, cancellationToken: Cancellation);
        var byQuantity = await api.GetTopProductsAsync(new(1997, 1, 1), new(1997, 12, 31), by: "quantity", limit: 5, cancellationToken: Cancellation);

        Assert.Equal(830, await analytics.CountEffectsAsync(orders));
        Assert.Equal([new RevenueTotal("USD", 830, NorthwindOrders.Total)], report.Totals);
        Assert.Equal(
            orders.GroupBy(order => DateOnly.FromDateTime(order.PlacedAt.UtcDateTime)).OrderBy(day => day.Key)
                .Select(day => new DailyRevenue(day.Key, "USD", day.Count(), day.Sum(order => order.Total))),
            report.Days);
        Assert.Equal(Best(orders, product => product.Revenue), top.Products.Select(product => product with { Name = "" }));
        Assert.Equal(1265793.0395m, top.Products.Sum(product => product.Revenue));
        Assert.Equal(
            Best(orders.Where(order => order.PlacedAt.Year == 1997), product => product.Quantity).Take(5),
            byQuantity.Products.Select(product => product with { Name = "" }));
        Assert.Contains(top.Products, product => product is { Sku: "38", Name: "Côte de Blaye" });
    }

    [Fact]
    public async Task Reports_use_UTC_days_with_both_bounds_and_separate_currencies()
    {
        OrderPlaced[] orders =
        [
            NewOrder("EUR", new(2031, 3, 31, 23, 30, 0, TimeSpan.FromHours(-5)), 10.01m, ("a", 1, 10.009m)),
            NewOrder("EUR", new(2031, 4, 2, 0, 30, 0, TimeSpan.FromHours(2)), 20.02m, ("a", 2, 20.02m)),
            NewOrder("JPY", new(2031, 4, 1, 12, 0, 0, TimeSpan.Zero), 300m, ("a", 3, 300m), ("b", 1, 0m)),
            NewOrder("EUR", new(2031, 3, 31, 23, 59, 59, TimeSpan.Zero), 1m, ("a", 1, 1m)),
            NewOrder("EUR", new(2031, 4, 2, 0, 0, 0, TimeSpan.Zero), 1m, ("a", 1, 1m)),
        ];
        await analytics.PublishAsync(orders);
        await analytics.UntilEffectedAsync(orders);
        var day = new DateOnly(2031, 4, 1);

        var all = await analytics.Api.GetRevenueAsync(day, day, cancellationToken: Cancellation);
        var yen = await analytics.Api.GetRevenueAsync(day, day, "JPY", Cancellation);
        var products = await analytics.Api.GetTopProductsAsync(day, day, cancellationToken: Cancellation);

        Assert.Equal([new DailyRevenue(day, "EUR", 2, 30.03m), new DailyRevenue(day, "JPY", 1, 300m)], all.Days);
        Assert.Equal([new RevenueTotal("EUR", 2, 30.03m), new RevenueTotal("JPY", 1, 300m)], all.Totals);
        Assert.Equal([new RevenueTotal("JPY", 1, 300m)], yen.Totals);
        Assert.Equal(
            [
                new ProductRevenue("a", "Product a", "EUR", 3, 30.029m),
                new ProductRevenue("a", "Product a", "JPY", 3, 300m),
                new ProductRevenue("b", "Product b", "JPY", 1, 0m),
            ],
            products.Products);
    }

    private static IEnumerable<ProductRevenue> Best(IEnumerable<OrderPlaced> orders, Func<ProductRevenue, decimal> rank) => orders
        .SelectMany(order => order.Lines)
        .GroupBy(line => line.Sku)
        .Select(product => new ProductRevenue(product.Key, "", "USD", product.Sum(line => line.Quantity), product.Sum(line => line.Amount)))
        .OrderByDescending(rank)
        .ThenBy(product => product.Sku, StringComparer.Ordinal);

    [Fact]
    public async Task The_journey_of_an_order_has_the_time_of_its_effect()
    {
        var order = AnalyticsFixture.NewOrder("USD", TimeProvider.System.GetUtcNow(), 1m, ("chai", 1, 1m));
        await analytics.PublishAsync([order]);
        await analytics.UntilEffectedAsync([order]);

        var step = Assert.Single((await analytics.Api.GetJourneyAsync(order.OrderId, AnalyticsFixture.Cancellation)).Steps);
        var others = new[] { Guid.CreateVersion7(), Guid.NewGuid(), Guid.Empty, Guid.Parse("ffffffff-ffff-7fff-bfff-ffffffffffff") };

        Assert.Equal(("group", "analytics-pipeline", "done", $"{order.OrderId}"), (step.Part, step.Name, step.State, step.Id));
        Assert.InRange(step.At!.Value, TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddMinutes(5));
        foreach (var other in others)
        {
            Assert.Empty((await analytics.Api.GetJourneyAsync(other, AnalyticsFixture.Cancellation)).Steps);
        }
    }
}
