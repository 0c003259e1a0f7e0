using FanOut.AnalyticsWorker.Revenue;
using FanOut.Contracts;
using Npgsql;
using Xunit;
using static FanOut.Services.Tests.AnalyticsWorker.AnalyticsFixture;

namespace FanOut.Services.Tests.AnalyticsWorker;

public sealed class SalesTests(AnalyticsFixture analytics) : IClassFixture<AnalyticsFixture>
{
    private static readonly string[] Skus = ["a", "b", "c", "d", "e", "f", "g"];

    [Fact]
    public async Task Concurrent_lanes_do_not_deadlock_and_add_up_exactly()
    {
        const int lanes = 8;
        const int batches = 25;
        const int size = 20;
        var day = new DateTimeOffset(2032, 1, 1, 0, 0, 0, TimeSpan.Zero);

        await Task.WhenAll(Enumerable.Range(0, lanes).Select(async lane =>
        {
            for (var batch = 0; batch < batches; batch++)
            {
                var sales = new Sales();
                for (var index = 0; index < size; index++)
                {
                    var turn = lane + batch + index;
                    var placedAt = day.AddDays((lane % 2 == 0 ? turn : -turn) & 3);
                    var order = NewOrder("USD", placedAt, 0.33m, (Skus[turn % 7], 2, 0.11m), (Skus[(turn * 3) % 7], 1, 0.22m));
                    sales.Add(Guid.CreateVersion7(), order.OrderId.ToString(), order);
                }

                await using var connection = await analytics.Database.OpenConnectionAsync(Cancellation);
                await using var transaction = await connection.BeginTransactionAsync(Cancellation);
                await sales.WriteAsync(connection, Cancellation);
                await transaction.CommitAsync(Cancellation);
            }
        }));

        const int orders = lanes * batches * size;
        var report = await analytics.Api.GetRevenueAsync(new(2032, 1, 1), new(2032, 1, 4), cancellationToken: Cancellation);
        var products = await analytics.Api.GetTopProductsAsync(new(2032, 1, 1), new(2032, 1, 4), cancellationToken: Cancellation);
        Assert.Equal([new RevenueTotal("USD", orders, orders * 0.33m)], report.Totals);
        Assert.Equal(orders * 3L, products.Products.Sum(product => product.Quantity));
        Assert.Equal(orders * 0.33m, products.Products.Sum(product => product.Revenue));
    }

    [Fact]
    public async Task Lanes_do_not_wait_for_each_other_s_commits()
    {
        var day = new DateTimeOffset(2033, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await using var slow = await analytics.Database.OpenConnectionAsync(Cancellation);
        await using var open = await slow.BeginTransactionAsync(Cancellation);
        await Of(NewOrder("USD", day, 1m, ("a", 1, 1m))).WriteAsync(slow, Cancellation);

        await using var quick = await analytics.Database.OpenConnectionAsync(Cancellation);
        await using (var impatient = new NpgsqlCommand("set lock_timeout = '1s'", quick))
        {
            await impatient.ExecuteNonQueryAsync(Cancellation);
        }

        await Of(NewOrder("USD", day, 2m, ("a", 1, 2m))).WriteAsync(quick, Cancellation);

        var before = await analytics.Api.GetRevenueAsync(new(2033, 1, 1), new(2033, 1, 1), cancellationToken: Cancellation);
        await open.CommitAsync(Cancellation);
        var after = await analytics.Api.GetRevenueAsync(new(2033, 1, 1), new(2033, 1, 1), cancellationToken: Cancellation);
        Assert.Equal((2m, 3m), (before.Totals[0].Revenue, after.Totals[0].Revenue));
    }

    [Fact]
    public async Task More_lanes_than_shards_add_up_exactly()
    {
        var day = new DateTimeOffset(2034, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await using var others = await analytics.Database.OpenConnectionAsync(Cancellation);
        const string LockShards = "select pg_advisory_lock(hashtext('analytics.shard'), number) from generate_series(0, 63) as number";
        await using (var hold = new NpgsqlCommand(LockShards, others))
        {
            await hold.ExecuteNonQueryAsync(Cancellation);
        }

        await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            await using var connection = await analytics.Database.OpenConnectionAsync(Cancellation);
            await Of(NewOrder("USD", day, 1m, ("a", 1, 1m))).WriteAsync(connection, Cancellation);
        }));

        await using (var release = new NpgsqlCommand("select pg_advisory_unlock_all()", others))
        {
            await release.ExecuteNonQueryAsync(Cancellation);
        }

        var report = await analytics.Api.GetRevenueAsync(new(2034, 1, 1), new(2034, 1, 1), cancellationToken: Cancellation);
        Assert.Equal([new RevenueTotal("USD", 6, 6m)], report.Totals);
    }

    [Fact]
    public async Task A_batch_that_is_rolled_back_leaves_nothing()
    {
        var order = NewOrder("USD", new(2035, 1, 1, 0, 0, 0, TimeSpan.Zero), 1m, ("a", 1, 1m));
        await using (var connection = await analytics.Database.OpenConnectionAsync(Cancellation))
        await using (await connection.BeginTransactionAsync(Cancellation))
        {
            await Of(order).WriteAsync(connection, Cancellation);
        }

        Assert.Empty((await analytics.Api.GetRevenueAsync(new(2035, 1, 1), new(2035, 1, 1), cancellationToken: Cancellation)).Days);
        Assert.Equal(0, await analytics.CountEffectsAsync([order]));
    }

    private static Sales Of(OrderPlaced order)
    {
        var sales = new Sales();
        sales.Add(Guid.CreateVersion7(), order.OrderId.ToString(), order);
        return sales;
    }
}
