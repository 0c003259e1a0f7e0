using System.Collections.Concurrent;
using System.Diagnostics;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Tests.Reclaiming;
using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Telemetry;

/// <summary>An entry's life in the pending entries list, told in its own trace.</summary>
public sealed class EntryTraceTests : IDisposable
{
    private const string Group = "tracing";

    private readonly ActivityTraceId _trace = ActivityTraceId.CreateRandom();
    private readonly ActivitySpanId _publisher = ActivitySpanId.CreateRandom();
    private readonly ConcurrentQueue<Activity> _ended = [];
    private readonly ActivityListener _listener;

    public EntryTraceTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == EventBusTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId == _trace)
                {
                    _ended.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    private string TraceParent => $"00-{_trace}-{_publisher}-01";

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Each_delivery_of_an_entry_says_how_it_came_and_what_became_of_it()
    {
        await using var world = await BusWorld.CreateAsync();
        var id = await world.Redis.StreamAddAsync(world.Key, Traced(1));
        await world.StartWorkerAsync(Group, HandlerScript.Throwing(_ => true), configure: options => options.Lanes = 1);
        for (var delivery = 1; delivery <= 2; delivery++)
        {
            await BusWorld.UntilAsync(
                async () => (await world.Redis.StreamPendingMessagesAsync(world.Key, Group, 10, StreamKeys.ParkedConsumer)).Any(entry => entry.DeliveryCount == delivery),
                () => $"parked after delivery {delivery}");
            var lane = (await world.Redis.SortedSetRangeByRankAsync(StreamKeys.Lanes(world.Stream, new GroupName(Group))))[0];
            await world.Redis.ExecuteAsync("XCLAIM", world.Key, Group, lane, 0, id, "JUSTID");
        }

        await BusWorld.UntilAsync(() => Task.FromResult(_ended.Count == 3), () => "three deliveries");

        Assert.Equal(
            ["parked", "handed over, parked", "handed over, dead-lettered"],
            _ended.Select(span => string.Join(", ", span.Events.Select(happened => happened.Name))));
        Assert.Equal(["1", "2", "3"], _ended.Select(span => span.GetTagItem("fanout.delivery")?.ToString()));
        Assert.All(_ended, span => Assert.Equal(
            (ActivityKind.Consumer, _publisher, ActivityStatusCode.Error, id.ToString()), (span.Kind, span.ParentSpanId, span.Status, span.GetTagItem("fanout.entry.id"))));
    }

    [Fact]
    public async Task A_dead_letter_that_no_handler_answered_for_is_in_its_trace_too()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Redis.StreamAddAsync(world.Key, Traced(1));
        await world.AgeAsync("dead", await world.ReadAsync("dead", 1), deliveries: 3);

        await ReclaimingWorld.PassAsync(reclaimer);

        var span = Assert.Single(_ended);
        Assert.Equal(("settle " + world.Stream, _publisher, ActivityStatusCode.Error), (span.DisplayName, span.ParentSpanId, span.Status));
        Assert.Equal(EntryTrace.DeadLettered, Assert.Single(span.Events).Name);
        Assert.Equal(("dead", "3"), (span.GetTagItem("messaging.client.id"), span.GetTagItem("fanout.delivery")));
    }

    private NameValueEntry[] Traced(int number) =>
        [.. BusWorld.Event(number).Select(field => field.Name == EventFields.TraceParent ? new NameValueEntry(field.Name, TraceParent) : field)];
}
