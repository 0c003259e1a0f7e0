using Aspire.Hosting.ApplicationModel;
using FanOut.Contracts.Webhooks;
using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Xunit;

namespace FanOut.EndToEnd.Tests;

[Collection(nameof(FaultySystemGroup))]
public sealed class FaultTests(FaultySystem faulty)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    private readonly RunningSystem _system = faulty.System;
    private readonly EffectLedger _ledger = new(faulty.System);

    [Fact]
    public async Task Orders_take_effect_exactly_once_when_a_service_is_killed()
    {
        var endpoint = await _system.Webhooks.CreateEndpointAsync(new CreateEndpoint(faulty.Webhooks.Url), TestContext.Current.CancellationToken);
        var ids = await PlaceThroughAsync(3_000, ["webhook-worker", "analytics-worker", "notification-worker", "reclaimer", "order-api"]);

        // A webhook may arrive twice, but must not be missing.
        await Eventually.GetAsync(
            () => Task.FromResult(ids.Except(faulty.Webhooks.Received.Select(webhook => webhook.OrderId ?? default)).ToArray()),
            missing => missing.Length == 0,
            missing => $"{missing.Length} of {ids.Count} orders were not sent to their webhook.");
        await _system.Webhooks.DeleteEndpointAsync(endpoint.Id, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("postgres")]
    [InlineData("redis")]
    public async Task Orders_take_effect_exactly_once_when_a_server_is_killed(string server) =>
        await PlaceThroughAsync(600, [server, server]);

    [Fact]
    public async Task A_crashed_service_restarts_and_a_stopped_one_does_not()
    {
        await _system.StopAsync("analytics-worker", TestContext.Current.CancellationToken);

        // This crash is later, and its pause is at least as long.
        await _system.KillAsync("notification-worker", TestContext.Current.CancellationToken);

        Assert.NotEqual(KnownResourceStates.Running, _system.StateOf("analytics-worker"));
        await _system.StartAsync("analytics-worker", TestContext.Current.CancellationToken);
    }

    /// <summary>Places orders while the victims are killed one after the other.</summary>
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

                // The previous victim may still be down, but no victim is killed before it is back.
                await recoveries.GetValueOrDefault(victim, Task.CompletedTask);
                recoveries[victim] = _system.KillAsync(victim, cancellationToken);
            }

            await Task.WhenAll(recoveries.Values);
        });
        var ids = answered.Values.ToArray();
        Assert.True(ids.Length >= orders);
        await _ledger.AssertOnceInEachGroupAsync(ids);
        await AssertGroupsAgreeAsync();
        return ids;
    }

    /// <summary>The groups agree on all orders, also on those whose answer was lost.</summary>
    private async Task AssertGroupsAgreeAsync()
    {
        var all = await _ledger.AllSubjectsAsync(Group.Analytics);
        Assert.Equal(all.Distinct(), all);
        Assert.Equal(all, await _ledger.AllSubjectsAsync(Group.Webhooks));
        Assert.Equal(all, await _ledger.AllSubjectsAsync(Group.Notifications));
        await using var count = _system.Database.CreateCommand("select count(*) from orders.orders");
        Assert.Equal((long)all.Length, await count.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        await using var retries = _system.Database.CreateCommand("select count(*) from bus.retry");
        Assert.Equal(0L, await retries.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }
}
