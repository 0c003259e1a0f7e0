using System.Globalization;
using System.Net;
using FanOut.Contracts;
using FanOut.Contracts.Operations;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;
using Xunit;

namespace FanOut.Services.Tests.Reclaimer;

public sealed class EventTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_are_listed_newest_first_and_pages_keep_the_filter()
    {
        await using var operations = await Operations.StartAsync();
        await AddEventsAsync(operations, 25);

        var all = await operations.Api.ListEventsAsync(cancellationToken: Cancellation);
        var seen = new List<long>();
        var next = "/events?type=order.placed&text=%22NUMBER%22:2&limit=2&from=24";
        while (next is not null)
        {
            var page = (await operations.SendAsync(HttpMethod.Get, next)).Json;
            seen.AddRange(page["events"]!.AsArray().Select(item => (long)item!["position"]!));
            next = (string?)page["next"];
        }

        Assert.Equal([24, 23, 22, 21, 20, 2], seen);
        Assert.Equal((25, 25, 1, 1, null), (all.Events.Count, all.Newest, all.Oldest, all.SearchedTo, all.After));
        Assert.Equal((25L, 13, Start.AddSeconds(25)), (all.Events[0].Position, all.Events[0].Size, all.Events[0].RecordedAt));
    }

    [Fact]
    public async Task A_position_a_time_and_ids_of_an_event_and_an_entry_are_where_to_begin()
    {
        await using var operations = await Operations.StartAsync();
        await AddEventsAsync(operations, 25);
        var redis = operations.Host.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase();
        await redis.StreamAddAsync(EventStreams.Orders, "position", 9, "8000000000000-0");
        var event7 = (await operations.Api.GetEventAsync(7, Cancellation)).Event;

        foreach (var (from, position) in new (string, long?)[]
        {
            ("12", 12), ("0", null), ("999999999999999999", 25), ("9223372036854775807", 25), ("2026-03-04T05:06:20.9Z", 13),
            ("2026-03-04T06:06:20+01:00", 13), ("2026-03-04T05:06:07Z", null), ("9999-12-31T23:59:59.9999999Z", 25), ("0001-01-01T00:00:00Z", null),
            (event7.Id.ToString(), 7), (Guid.CreateVersion7().ToString(), null), ("8000000000000-0", 9),
            ($"{Start.AddSeconds(3).ToUnixTimeMilliseconds()}-5", 3),
        })
        {
            var page = await operations.Api.ListEventsAsync(new(From: from, Limit: 1), Cancellation);
            Assert.True(position == page.Events.SingleOrDefault()?.Position, $"{from} led to {page.Events.SingleOrDefault()?.Position}.");
        }
    }

    [Fact]
    public async Task Invalid_parameters_of_events_are_named()
    {
        await using var operations = await Operations.StartAsync();
        foreach (var from in new[]
        {
            "yesterday", "-1", "1.5", "99999999999999999999", "2026-03-04T05:06:07", Guid.NewGuid().ToString(),
            "ffffffff-ffff-7fff-bfff-ffffffffffff", "1-2-3", "99999999999999999-0", "%00", "%ff",
        })
        {
            (await operations.SendAsync(HttpMethod.Get, $"/events?from={from}")).IsProblemOf(HttpStatusCode.BadRequest, "from");
        }

        (await operations.SendAsync(HttpMethod.Get, $"/events?limit=0&after=x&text=&type={new string('x', 501)}&subject=%01"))
            .IsProblemOf(HttpStatusCode.BadRequest, "limit", "after", "text", "type", "subject");
        (await operations.SendAsync(HttpMethod.Get, "/events/one")).IsProblemOf(HttpStatusCode.BadRequest, "position");
        (await operations.SendAsync(HttpMethod.Get, "/events/99")).IsProblem(HttpStatusCode.NotFound);
        (await operations.SendAsync(HttpMethod.Get, "/events/-1")).IsProblem(HttpStatusCode.NotFound);
        (await operations.SendAsync(HttpMethod.Get, "/orders/one/journey")).IsProblemOf(HttpStatusCode.BadRequest, "id");
        (await operations.SendAsync(HttpMethod.Get, $"/orders/{Guid.CreateVersion7()}/journey")).IsProblem(HttpStatusCode.NotFound);
        (await operations.SendAsync(HttpMethod.Get, $"/orders/{Guid.NewGuid()}/journey")).IsProblem(HttpStatusCode.NotFound);
        (await operations.SendAsync(HttpMethod.Get, "/groups/none/pending")).IsProblem(HttpStatusCode.NotFound);
        (await operations.SendAsync(HttpMethod.Get, "/groups/NO%20NAME/retries")).IsProblem(HttpStatusCode.NotFound);
        foreach (var list in new[] { "pending", "retries" })
        {
            (await operations.SendAsync(HttpMethod.Get, $"/groups/{Operations.Group}/{list}?limit=201&after=99999999999999999-1"))
                .IsProblemOf(HttpStatusCode.BadRequest, "limit", "after");
        }
    }

    [Fact]
    public async Task An_order_s_journey_shows_outbox_stream_and_each_group()
    {
        await using var operations = await Operations.StartAsync();
        var order = Guid.CreateVersion7(Start.AddSeconds(0.9));
        await AddEventsAsync(operations, 3, order.ToString());
        await operations.ExecuteAsync("update bus.consumer_group set done_through = 1");
        var number = await operations.AddAsync(error: "Boom");
        await operations.ExecuteAsync($"update bus.retry set position = 2 where number = {number}");

        var steps = (await operations.Api.GetJourneyAsync(order, Cancellation)).Steps;

        Assert.Equal(
            [
                ("outbox", "order.placed", "done", "1"), ("stream", EventStreams.Orders, "unread", null), ("group", Operations.Group, "done", null),
                ("outbox", "order.placed", "done", "2"), ("stream", EventStreams.Orders, "unread", null),
                ("group", Operations.Group, "dead", $"{number}"),
                ("outbox", "order.placed", "done", "3"), ("stream", EventStreams.Orders, "unread", null), ("group", Operations.Group, "unread", null),
            ],
            steps.Select(step => (step.Part, step.Name, step.State, step.Id)));
        Assert.Equal((Start.AddSeconds(1), null), (steps[0].At, steps[1].At));
        Assert.Equal(("Boom", 4), (steps[5].Detail, steps[5].Attempts));

        var details = await operations.Api.GetEventAsync(2, Cancellation);
        Assert.Equal(("""{"number":2}""", false, null), (details.Data!.Value.GetRawText(), details.IsPublished, details.Entry));
        Assert.Equal(new EventInGroup(Operations.Group, "dead", null, 4, "Boom", null, number), Assert.Single(details.Groups));
        Assert.Contains(new EntryField("subject", order.ToString(), null), details.Headers);
    }

    [Fact]
    public async Task Waiting_events_of_a_group_are_listed_in_pages()
    {
        await using var operations = await Operations.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await operations.AddAsync();
        }

        await operations.ExecuteAsync("update bus.retry set state = 'waiting', due_at = now() + (10 - number) * interval '1 hour' where number > 1");
        var seen = new List<long>();
        var next = $"/groups/{Operations.Group}/retries?limit=2";
        while (next is not null)
        {
            var page = (await operations.SendAsync(HttpMethod.Get, next)).Json;
            seen.AddRange(page["retries"]!.AsArray().Select(item => (long)item!["number"]!));
            next = (string?)page["next"];
        }

        Assert.Equal([5, 4, 3, 2], seen);
        Assert.Empty((await operations.Api.ListPendingAsync(Operations.Group, cancellationToken: Cancellation)).Entries);
    }

    /// <summary>Adds events to an empty outbox, one a second.</summary>
    private static Task AddEventsAsync(Operations operations, int count, string subject = "s-1") =>
        operations.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $$"""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data, created_at)
            select
                s.id, bus.next_position(s.id),
                overlay(lpad(to_hex({{Start.ToUnixTimeMilliseconds()}} + 1000 * i), 12, '0') || '-7000-8000-' || lpad(to_hex(i), 12, '0')
                    placing '-' from 9 for 0)::uuid,
                'order.placed', 'tests', '{{subject}}', now(), convert_to('{"number":' || i || '}', 'UTF8'),
                '{{Start:O}}'::timestamptz + i * interval '1 second'
            from generate_series(1, {{count}}) i, bus.stream s
            """));
}
