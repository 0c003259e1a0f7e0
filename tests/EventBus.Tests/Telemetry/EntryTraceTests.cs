using System.Collections.Concurrent;
using System.Diagnostics;
using FanOut.EventBus.Consuming;
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
    public async Task Events_of_one_send_span_share_a_process_span_that_names_the_event_that_failed()
    {
        await using var world = await BusWorld.CreateAsync();
        var ids = new List<RedisValue>();
        for (var number = 1; number <= 3; number++)
        {
            ids.Add(await world.Redis.StreamAddAsync(world.Key, Traced(number)));
        }

        await world.StartWorkerAsync(Group, HandlerScript.Throwing(number => number == 2), configure: options => options.Lanes = 1);
        await BusWorld.UntilAsync(() => Task.FromResult(!_ended.IsEmpty), () => "a span");

        var span = Assert.Single(_ended);
        Assert.Equal(("process " + world.Stream, _publisher, ActivityStatusCode.Error), (span.DisplayName, span.ParentSpanId, span.Status));
        Assert.Equal(3, span.GetTagItem("messaging.batch.message_count"));
        var parked = Assert.Single(span.Events);
        Assert.Equal((EntryTrace.Parked, ids[1].ToString()), (parked.Name, parked.Tags.Single(tag => tag.Key == "fanout.entry.id").Value));
    }

    [Fact]
    public void Events_of_several_traces_share_a_batch_span_that_links_to_each_trace()
    {
        var other = $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-01";
        Delivery[] deliveries = [Delivered(1, TraceParent), Delivered(2, other), Delivered(3, TraceParent)];

        using var traces = BatchTrace.Start(new StreamName("several-traces"), new GroupName(Group), "lane", deliveries);

        var batch = Activity.Current!;
        Assert.Equal((default, 3), (batch.ParentSpanId, batch.GetTagItem("messaging.batch.message_count")));
        Assert.Equal([_publisher, ActivityContext.Parse(other, null).SpanId], batch.Links.Select(link => link.Context.SpanId));
        var (shared, single) = (traces.Of(deliveries[0])!, traces.Of(deliveries[1])!);
        Assert.Same(shared, traces.Of(deliveries[2]));
        Assert.Equal((_trace, 2, null), (shared.TraceId, shared.GetTagItem("messaging.batch.message_count"), shared.GetTagItem("messaging.message.id")));
        Assert.Equal((null, deliveries[1].Event.Id.ToString()), (single.GetTagItem("messaging.batch.message_count"), single.GetTagItem("messaging.message.id")));
        Assert.All([shared, single], span => Assert.Equal(batch.SpanId, Assert.Single(span.Links).Context.SpanId));
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

    private NameValueEntry[] Traced(int number) => Traced(number, TraceParent);

    private static NameValueEntry[] Traced(int number, string traceParent) =>
        [.. BusWorld.Event(number).Select(field => field.Name == EventFields.TraceParent ? new NameValueEntry(field.Name, traceParent) : field)];

    private static Delivery Delivered(int number, string traceParent)
    {
        var fields = Traced(number, traceParent);
        Assert.Null(WireEvent.TryRead(fields, out var wire));
        return new() { Key = "several-traces", PendingId = $"1-{number}", Entry = new EntryId(1, number), Count = 1, Fields = fields, Event = wire };
    }
}
