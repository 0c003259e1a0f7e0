using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Xunit;

namespace FanOut.EndToEnd.Tests;

[Collection(nameof(SharedSystemGroup))]
public sealed class MetricsTests(SharedSystem shared)
{
    private readonly RunningSystem _system = shared.System;
    private readonly OrderClient _client = new(shared.System.Orders);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lag_counts_undelivered_events_of_one_group()
    {
        await LagsAsync(0, 0, 0);
        await _system.StopAsync(Group.Webhooks.Service, Cancelled);
        try
        {
            var orders = await _client.PlaceBatchAsync([.. Enumerable.Repeat(NewOrder.From(), 7)]);
            await new EffectLedger(_system).AssertOnceAsync(Group.Analytics, orders);
            await LagsAsync(7, 0, 0);
        }
        finally
        {
            await _system.StartAsync(Group.Webhooks.Service, Cancelled);
        }

        await LagsAsync(0, 0, 0);
    }

    [Fact]
    public async Task Metrics_pages_have_lag_pending_and_throughput_of_each_group()
    {
        var before = new Dictionary<Group, double>();
        foreach (var group in Group.All)
        {
            before[group] = await ConsumedAsync(group);
        }

        var orders = await _client.PlaceBatchAsync([.. Enumerable.Repeat(NewOrder.From(), 20)]);
        await new EffectLedger(_system).AssertOnceInEachGroupAsync(orders);

        foreach (var group in Group.All)
        {
            await Eventually.GetAsync(
                () => ConsumedAsync(group),
                consumed => consumed >= before[group] + 20,
                consumed => $"{group.Name} consumed {consumed}, before it was {before[group]}.");
            var page = await _system.MetricsAsync(group.Service, Cancelled);
            Assert.True(page.OfGroup("messaging_process_duration_seconds_count", group.Name) > 0);
        }

        await Eventually.GetAsync(
            () => _system.MetricsAsync("reclaimer", Cancelled),
            page => Group.All.All(group => page.OfGroup("fanout_group_lag", group.Name) == 0
                && page.OfGroup("fanout_group_pending", group.Name) == 0
                && page.OfGroup("fanout_group_lag_duration_seconds", group.Name) == 0
                && page.OfGroup("fanout_dlq_depth", group.Name) is not null
                && page.OfGroup("fanout_group_lanes", group.Name) > 0),
            page => string.Join(", ", Group.All.SelectMany(
                _ => new[] { "lag", "pending", "lanes" },
                (group, name) => $"{group.Name} {name} {page.OfGroup($"fanout_group_{name}", group.Name)}")));
    }

    [Fact]
    public async Task OTLP_exports_lag_pending_and_throughput_of_each_group()
    {
        (string Service, string Metric, string? Group)[] expected =
        [
            .. Group.All.SelectMany(group => new (string, string, string?)[]
            {
                ("reclaimer", "fanout.group.lag", group.Name),
                ("reclaimer", "fanout.group.pending", group.Name),
                (group.Service, "messaging.client.consumed.messages", group.Name),
                (group.Service, "messaging.process.duration", group.Name),
            }),
            ("order-api", "messaging.client.sent.messages", null),
            ("order-api", "fanout.outbox.backlog", null),
        ];
        await _client.PlaceAsync(NewOrder.From());

        await Eventually.GetAsync(
            () => Task.FromResult(expected.Except(shared.Otlp.Series).ToArray()),
            missing => missing.Length == 0,
            missing => $"The collector did not get {string.Join(", ", missing)}.");
    }

    private async Task<double> ConsumedAsync(Group group) =>
        (await _system.MetricsAsync(group.Service, Cancelled)).OfGroup("messaging_client_consumed_messages_total", group.Name) ?? 0;

    private async Task LagsAsync(double webhooks, double analytics, double notifications) => await Eventually.GetAsync(
        async () =>
        {
            var page = await _system.MetricsAsync("reclaimer", Cancelled);
            return Group.All.Select(group => page.OfGroup("fanout_group_lag", group.Name)).ToArray();
        },
        lags => lags.SequenceEqual([webhooks, analytics, notifications]),
        lags => $"Lags are {string.Join(", ", lags)}.");
}
