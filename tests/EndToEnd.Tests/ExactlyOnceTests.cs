using FanOut.Contracts;
using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using FanOut.Services.Tests;
using Xunit;

namespace FanOut.EndToEnd.Tests;

[Collection(nameof(SharedSystemGroup))]
public sealed class ExactlyOnceTests(SharedSystem shared)
{
    private const int Clients = 16;

    private readonly EffectLedger _ledger = new(shared.System);
    private readonly OrderClient _client = new(shared.System.Orders);

    [Fact]
    public async Task An_order_takes_effect_exactly_once_in_each_group()
    {
        var order = await _client.PlaceAsync(NewOrder.From());

        await _ledger.AssertOnceInEachGroupAsync([order]);
    }

    [Fact]
    public async Task The_Northwind_orders_have_the_exact_total_and_repeating_them_changes_nothing()
    {
        var orders = NorthwindOrders.Read();
        Assert.Equal(830, orders.Count);

        var ids = await PlaceAllAsync(orders);
        await _ledger.AssertOnceInEachGroupAsync(ids);
        var first = await ReportAsync();
        var total = Assert.Single(first.Totals);
        Assert.Equal(("USD", 830, NorthwindOrders.Total), (total.Currency, total.Orders, total.Revenue));

        Assert.Equal(ids, await PlaceAllAsync(orders));
        var afterwards = await _client.PlaceAsync(NewOrder.From());
        await _ledger.AssertOnceInEachGroupAsync([.. ids, afterwards]);
        var second = await ReportAsync();
        Assert.Equal(first.Days, second.Days);
        Assert.Equal(first.Totals, second.Totals);
    }

    private Task<RevenueReport> ReportAsync() => shared.System.Analytics.GetRevenueAsync(
        new DateOnly(1996, 1, 1), new DateOnly(1998, 12, 31), cancellationToken: TestContext.Current.CancellationToken);

    private async Task<Guid[]> PlaceAllAsync(IReadOnlyList<PlaceOrder> orders)
    {
        var ids = new Guid[orders.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = Clients, CancellationToken = TestContext.Current.CancellationToken };
        await Parallel.ForAsync(0, orders.Count, options, async (i, _) => ids[i] = await _client.PlaceAsync(orders[i], orders[i].Number));
        return ids;
    }
}
