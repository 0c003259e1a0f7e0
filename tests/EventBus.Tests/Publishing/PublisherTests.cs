using System.Collections.Concurrent;
using System.Diagnostics;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace FanOut.EventBus.Tests.Publishing;

public sealed class PublisherTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_direct_publisher_appends_events_in_order_with_the_fields_of_the_wire()
    {
        await using var world = await BusWorld.CreateAsync();
        var host = await world.StartAsync(Direct(world));
        var publisher = host.Services.GetRequiredService<StreamPublisher>();
        var one = new NewEvent<Ping>("a", new Ping(1)) { Time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(-5)) };
        var entry = await publisher.PublishAsync(one, Cancellation);
        var more = Enumerable.Range(2, 500).Select(number => new NewEvent<Ping>("b", new Ping(number))).ToArray();
        var ids = await publisher.PublishAsync(more, Cancellation);

        var entries = await world.Redis.StreamRangeAsync(world.Key);
        Assert.Equal([entry, .. ids], entries.Select(item => (EntryId?)EntryId.Parse(item.Id!)));
        Assert.Null(WireEvent.TryRead(entries[0].Values, out var wire));
        Assert.Equal((one.Id, one.Time), (wire.Id, wire.Time));
        Assert.Equal(more.Select(item => item.Id.ToString()), entries.Skip(1).Select(item => (string)item["id"]!));
    }

    [Fact]
    public async Task A_direct_publisher_refuses_what_no_group_could_read_and_does_not_call_a_success_a_failure()
    {
        await using var world = await BusWorld.CreateAsync();
        var host = await world.StartAsync(Direct(world));
        var publisher = host.Services.GetRequiredService<StreamPublisher>();
        var good = new NewEvent<Ping>("a", new Ping(1));
        await Assert.ThrowsAsync<ArgumentException>(() => publisher.PublishAsync(good with { Id = Guid.Empty }, Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => publisher.PublishAsync([good, good with { Subject = null! }], Cancellation));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => publisher.PublishAsync(good, new CancellationToken(canceled: true)));
        Assert.Equal(0, await world.Redis.StreamLengthAsync(world.Key));

        await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", "18446744073709551614-0");
        Assert.Null(await publisher.PublishAsync(good, Cancellation));
        Assert.Equal(2, await world.Redis.StreamLengthAsync(world.Key));
    }

    [Fact]
    public async Task A_stream_has_one_kind_of_publisher()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.StartAsync(Direct(world));
        await world.StartAsync(Direct(world));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => world.StartAsync(WithOutbox(world)));
        Assert.Contains("AddDirectPublisher()", refused.Message, StringComparison.Ordinal);

        await using var other = await BusWorld.CreateAsync();
        await other.StartAsync(WithOutbox(other));
        await other.StartAsync(WithOutbox(other));
        refused = await Assert.ThrowsAsync<InvalidOperationException>(() => other.StartAsync(Direct(other)));
        Assert.Contains("AddOutbox()", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_outbox_feeds_one_stream()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.StartAsync(WithOutbox(world));
        var builder = WithOutbox(world);
        builder.Configuration["EventBus:Stream"] = "another";
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => world.StartAsync(builder));
        Assert.Contains($"feeds the stream '{world.Stream}'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("EventBus:Stream", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("MaxBacklog", "0")]
    [InlineData("BatchSize", "20001")]
    [InlineData("BatchBytes", "1")]
    [InlineData("MaxStreamLength", "-1")]
    [InlineData("BatchInterval", "00:00:02")]
    [InlineData("PollInterval", "00:01:00")]
    [InlineData("NotifyInterval", "00:00:00")]
    [InlineData("MaxBackoff", "1.00:00:00")]
    public async Task A_wrong_setting_stops_the_start_and_names_its_key(string key, string value)
    {
        await using var world = await BusWorld.CreateAsync();
        var builder = WithOutbox(world);
        builder.Configuration[$"EventBus:Outbox:{key}"] = value;
        using var host = builder.Build();
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Cancellation));
        Assert.Contains($"EventBus:Outbox:{key}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recorded_trace_goes_on_through_create_and_send_to_the_wire_and_an_unrecorded_one_is_carried_as_it_is()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen(world.Stream, spans);
        using var recorded = new Activity("POST").SetIdFormat(ActivityIdFormat.W3C);
        recorded.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        recorded.TraceStateString = "vendor=1";
        using var unrecorded = new Activity("POST").SetIdFormat(ActivityIdFormat.W3C);
        await using (var connection = await world.Postgres.OpenConnectionAsync(Cancellation))
        {
            recorded.Start();
            await world.AddAsync(connection, new NewEvent<Ping>("recorded", new Ping(1)));
            recorded.Stop();
            unrecorded.Start();
            await world.AddAsync(connection, new NewEvent<Ping>("unrecorded", new Ping(2)));
            unrecorded.Stop();
        }

        var host = await world.StartRelayAsync();
        await world.UntilLengthAsync(2);
        await BusWorld.UntilAsync(() => Task.FromResult(spans.Count == 2), () => $"two spans, not {spans.Count}");
        var create = Assert.Single(spans, span => span.OperationName.StartsWith("create", StringComparison.Ordinal));
        Assert.Equal(recorded.SpanId, create.ParentSpanId);
        var send = Assert.Single(spans, span => span.OperationName.StartsWith("send", StringComparison.Ordinal) && span.ParentSpanId == create.SpanId);
        var entries = await world.EntriesAsync();
        Assert.Equal(send.Id, entries[0]["traceparent"]);
        Assert.Equal("vendor=1", entries[0]["tracestate"]);
        Assert.Equal(unrecorded.Id, entries[1]["traceparent"]);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task Events_added_together_share_one_send_span_below_their_cause()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen(world.Stream, spans);
        using var cause = new Activity("POST").SetIdFormat(ActivityIdFormat.W3C);
        cause.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        await using (var connection = await world.Postgres.OpenConnectionAsync(Cancellation))
        {
            cause.Start();
            await world.AddAsync(connection, [.. Enumerable.Range(1, 3).Select(number => new NewEvent<Ping>("together", new Ping(number)))]);
            cause.Stop();
        }

        var host = await world.StartRelayAsync();
        await world.UntilLengthAsync(3);
        await BusWorld.UntilAsync(() => Task.FromResult(!spans.IsEmpty), () => "a span");
        await OutboxWorld.StopAsync(host);
        var send = Assert.Single(spans);
        Assert.Equal(("send " + world.Stream, cause.SpanId), (send.OperationName, send.ParentSpanId));
        Assert.Equal(3, send.GetTagItem("messaging.batch.message_count"));
        Assert.All(await world.EntriesAsync(), entry => Assert.Equal(send.Id, entry["traceparent"]));
    }

    private static ActivityListener Listen(StreamName stream, ConcurrentQueue<Activity> ended)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == EventBusTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent == default || options.Parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
                    ? ActivitySamplingResult.AllDataAndRecorded
                    : ActivitySamplingResult.None,
            ActivityStopped = activity =>
            {
                if (activity.GetTagItem("messaging.destination.name") as string == stream.Value)
                {
                    ended.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static HostApplicationBuilder Direct(BusWorld world)
    {
        var builder = world.CreateHost();
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddDirectPublisher();
        return builder;
    }

    private static HostApplicationBuilder WithOutbox(BusWorld world)
    {
        var builder = world.CreateHost();
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddOutbox();
        return builder;
    }
}
