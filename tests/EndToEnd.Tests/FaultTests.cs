using Aspire.Hosting.ApplicationModel;
using FanOut.Contracts.Webhooks;
using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Xunit;

namespace FanOut.EndToEnd.Tests;

public sealed class FaultTests(FaultySystem faulty) : IClassFixture<FaultySystem>
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    private readonly RunningSystem _system = faulty.System;
    private readonly EffectLedger _ledger = new(faulty.System);

    [Fact]
    public async Task Whichever_service_is_killed_every_order_that_was_answered_takes_effect_exactly_once_in_each_group()
    {
        var endpoint = await _system.Webhooks.CreateEndpointAsync(new CreateEndpoint(faulty.Webhooks.Url), TestContext.Current.CancellationToken);
        var ids = await PlaceThroughAsync(3_000, ["webhook-worker", "analytics-worker", "notification-worker", "reclaimer", "order-api"]);

        // A webhook may come twice, as its receiver is told; it must not be missing.
        await Eventually.GetAsync(
            () => Task.FromResult(ids.Except(faulty.Webhooks.Received.Select(webhook => webhook.OrderId)).ToArray()),
            missing => missing.Length == 0,
            missing => $"{missing.Length} of {ids.Count} orders were not sent to their webhook.");
        await _system.Webhooks.DeleteEndpointAsync(endpoint.Id, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task When_a_server_is_killed_orders_go_on_after_its_return_and_each_takes_effect_exactly_once(string server) =>
        await PlaceThroughAsync(600, [server, server]);

    [Fact]
    public async Task A_service_that_a_user_stops_stays_stopped_while_one_that_crashes_is_started_again()
    {
        await _system.StopAsync("analytics-worker", TestContext.Current.CancellationToken);

        // The crash comes later, and its pause is at least as long.
        await _system.KillAsync("notification-worker", TestContext.Current.CancellationToken);

        Assert.NotEqual(KnownResourceStates.Running, _system.StateOf("analytics-worker"));
        await _system.StartAsync("analytics-worker", TestContext.Current.CancellationToken);
    }

    /// <summary>Places orders all the while that these are killed, one after the other.</summary>
    private async Task<IReadOnlyCollection<Guid>> PlaceThroughAsync(int orders, string[] victims)
    {
        var load = new OrderLoad(new OrderClient(_system.Orders));
        var answered = await load.RunAsync(orders, async cancellationToken =>
        {
            var recoveries = new Dictionary<string, Task>();
            foreach (var (index, victim) in victims.Index())
            {
                while (load.Answered < (index + 1) * orders / (victims.Length + 1))
                {
                    await Task.Delay(Poll, TimeProvider.System, cancellationToken);
                }

                // The next one is killed while the last may still be down; only nobody is killed twice in one death.
                await recoveries.GetValueOrDefault(victim, Task.CompletedTask);
                recoveries[victim] = _system.KillAsync(victim, cancellationToken);
            }

            await Task.WhenAll(recoveries.Values);
        });
        var ids = answered.Values.ToArray();
        Assert.True(ids.Length >= orders);
        await _ledger.AssertOnceInEachGroupAsync(ids);
        await AssertNothingElseAsync();
        return ids;
    }

    /// <summary>Also an order whose answer was lost for good would be one order, with one effect: the groups agree, whatever clients know.</summary>
    private async Task AssertNothingElseAsync()
    {
        var all = await _ledger.AllSubjectsAsync(Group.Analytics);
        Assert.Equal(all.Distinct(), all);
        Assert.Equal(all, await _ledger.AllSubjectsAsync(Group.Webhooks));
        Assert.Equal(all, await _ledger.AllSubjectsAsync(Group.Notifications));
        await using var count = _system.Database.CreateCommand("select count(*) from orders.orders");
        Assert.Equal((long)all.Length, await count.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        await using var letters = _system.Database.CreateCommand("select count(*) from bus.dead_letters");
        Assert.Equal(0L, await letters.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }
}
