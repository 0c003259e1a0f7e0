using System.Globalization;
using System.Text;
using FanOut.EventBus.Tests.Retrying;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class EventLogTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_show_each_of_10_000_events_once_newest_first()
    {
        await using var world = await BusWorld.CreateAsync();
        await AddAsync(world, 10_050);
        await world.ExecuteAsync("delete from bus.outbox where position between 5000 and 5049");

        var (positions, pages) = await ReadAllAsync(Log(world), new(), 1_000);

        Assert.Equal(Enumerable.Range(1, 10_050).Reverse().Where(i => i is < 5000 or > 5049).Select(i => (long)i), positions);
        Assert.Equal(10, pages.Count);
        Assert.All(pages, page => Assert.Equal((10_050, 1), (page.Newest, page.Oldest)));
        Assert.Equal((1, Start.AddSeconds(1)), (pages[^1].SearchedTo, pages[^1].SearchedToTime));
    }

    [Fact]
    public async Task A_search_looks_at_a_bounded_number_of_events_and_the_next_page_goes_on()
    {
        await using var world = await BusWorld.CreateAsync();
        await AddAsync(world, 60_000);
        var log = Log(world, TimeSpan.FromMinutes(1));

        var first = await log.ListAsync(new() { Subject = "5" }, 50, null, Cancellation);
        var second = await log.ListAsync(new() { Subject = "5" }, 50, first.Next, Cancellation);

        Assert.Equal((0, 10_001L, 10_001L), (first.Events.Count, first.SearchedTo, first.Next));
        Assert.Equal(Start.AddSeconds(10_001), first.SearchedToTime);
        Assert.Equal(5, Assert.Single(second.Events).Position);
        Assert.Equal((1L, null), (second.SearchedTo, second.Next));
    }

    [Fact]
    public async Task A_search_that_takes_long_ends_and_the_next_page_goes_on()
    {
        await using var world = await BusWorld.CreateAsync();
        await AddAsync(world, 30);

        var (positions, pages) = await ReadAllAsync(Log(world, TimeSpan.Zero), new() { Text = "NUMBER\":2" }, 10);

        Assert.Equal([29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 2], positions);
        Assert.Equal(30, pages.Count);
    }

    [Fact]
    public async Task Text_is_found_in_data_of_any_bytes()
    {
        await using var world = await BusWorld.CreateAsync();
        byte[][] data =
        [
            [0xff, 0xfe, .. "\0 Broken bytes"u8, 0xc3],
            Encoding.UTF8.GetBytes($$"""{"pad":"{{new string('x', 6_000_000)}}","end":"Huge"}"""),
            [.. """{"discount":"100% of a_b","path":"C:\\temp"}"""u8],
            [.. """{"name":"M\u00FCller"}"""u8],
            [.. """{"name":"Müller & Söhne"}"""u8],
            [.. @"\303\274"u8],
        ];
        foreach (var bytes in data)
        {
            await using var command = world.Postgres.CreateCommand(
                "insert into bus.outbox (stream, position, id, type, source, subject, time, data) " +
                "select $1, bus.next_position($1), gen_random_uuid(), 'a', 'b', 'c', now(), $2");
            command.Parameters.AddWithValue(world.Identity.Id);
            command.Parameters.AddWithValue(bytes);
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        foreach (var (text, expected) in new (string, long[])[]
        {
            ("broken BYTES", [1]), ("\0 b", [1]), ("huge", [2]), ("100% OF a_b", [3]), ("100_ of", []), ("a%b", []), (@"c:\\t", [3]),
            (@"\\303", []), ("müller", [5, 4]), ("MÜLLER", [5, 4]), ("Müller & s", [5]), ("ü", [5, 4]), ("\u00fc\u00fc", []), (@"\303\274", [6]),
            ("\ud800", []), ("xxx", [2]), ("", [6, 5, 4, 3, 2, 1]),
        })
        {
            var page = await Log(world, TimeSpan.FromMinutes(1)).ListAsync(new() { Text = text }, 10, null, Cancellation);
            Assert.True(expected.SequenceEqual(page.Events.Select(item => item.Position)), $"'{text}' was found in {page.Events.Count} events.");
        }

        Assert.Equal(6, (await Log(world).ListAsync(new() { Type = "a", Subject = "c" }, 10, null, Cancellation)).Events.Count);
        Assert.Empty((await Log(world).ListAsync(new() { Type = "a\0", Subject = "%" }, 10, null, Cancellation)).Events);
    }

    [Fact]
    public async Task A_time_an_id_and_an_entry_lead_to_their_position()
    {
        await using var world = await BusWorld.CreateAsync();
        await AddAsync(world, 5_000);
        await world.ExecuteAsync("delete from bus.outbox where position between 1 and 10 or position between 2000 and 2999");
        var log = Log(world);

        foreach (var (seconds, position) in new[]
        {
            (0d, 0L), (10.5, 0), (11, 11), (11.9, 11), (1999, 1999), (2500, 1999), (3000, 3000), (9e9, 5000),
        })
        {
            Assert.Equal(position, await log.FindPositionAsync(Start.AddSeconds(seconds), Cancellation));
        }

        Assert.Equal(0, await log.FindPositionAsync(DateTimeOffset.MinValue, Cancellation));
        Assert.Equal(5_000, await log.FindPositionAsync(DateTimeOffset.MaxValue, Cancellation));
        foreach (var position in new[] { 11, 1_999, 3_000, 4_321, 5_000 })
        {
            Assert.Equal(position, await log.FindPositionAsync(Id(position), Cancellation));
        }

        Assert.Null(await log.FindPositionAsync(Id(2_500), Cancellation));
        Assert.Null(await log.FindPositionAsync(Guid.NewGuid(), Cancellation));
        Assert.Null(await log.FindPositionAsync(Guid.Parse("ffffffff-ffff-7fff-bfff-ffffffffffff"), Cancellation));
        await world.Redis.StreamAddAsync(world.Key, "position", 4_000, "7-1");
        Assert.Equal(4_000, await log.FindPositionAsync("7-1", Cancellation));
        Assert.Equal(0, await log.FindPositionAsync("8-1", Cancellation));
        var gone = Start.AddSeconds(42).ToUnixTimeMilliseconds();
        Assert.Equal(42, await log.FindPositionAsync($"{gone}-0", Cancellation));
        foreach (var id in new[] { "", "1", "a-1", "1-", "-1-1", "1-1-1", "1-99999999999999999999", "999999999999999999-1" })
        {
            await Assert.ThrowsAsync<FormatException>(() => log.FindPositionAsync(id, Cancellation));
        }
    }

    [Fact]
    public async Task An_empty_outbox_has_an_empty_log()
    {
        await using var world = await BusWorld.CreateAsync();
        var log = Log(world);

        var page = await log.ListAsync(new() { Text = "x" }, 1, null, Cancellation);

        Assert.Equal((0, 0L, 0L, 0L, null, null), (page.Events.Count, page.Newest, page.Oldest, page.SearchedTo, page.SearchedToTime, page.Next));
        Assert.Equal(0, await log.FindPositionAsync(Start, Cancellation));
        Assert.Null(await log.FindAsync(1, Cancellation));
        Assert.Empty(await log.FindSubjectAsync(Guid.CreateVersion7(), Cancellation));
    }

    [Fact]
    public async Task The_entry_of_an_event_is_found_where_it_is_near_its_place()
    {
        await using var world = await BusWorld.CreateAsync();
        await AddAsync(world, 3_000);
        var log = Log(world);

        // 300 in the same millisecond, with an entry of somebody else's before them; then one that was committed late.
        await world.Redis.StreamAddAsync(world.Key, "other", "1", "5-0");
        await AppendAsync(Enumerable.Range(1, 300).Select(i => (i, $"10-{i}")));
        await AppendAsync(Enumerable.Range(302, 600).Select(i => (i, $"{i}-0")));
        await AppendAsync([(301, "2000-0")]);
        await AppendAsync(Enumerable.Range(902, 2_098).Select(i => (i, $"{3000 + (i / 3)}-{i}")));

        Assert.Equal("10-1", (await log.FindAsync(1, Cancellation))!.EntryId);
        Assert.Equal("10-300", (await log.FindAsync(300, Cancellation))!.EntryId);
        Assert.Equal("2000-0", (await log.FindAsync(301, Cancellation))!.EntryId);
        Assert.Equal("302-0", (await log.FindAsync(302, Cancellation))!.EntryId);
        Assert.Equal($"{3000 + (2_999 / 3)}-2999", (await log.FindAsync(2_999, Cancellation))!.EntryId);
        Assert.Null((await log.FindAsync(3_000, Cancellation))!.EntryId);
        await world.Redis.StreamTrimByMinIdAsync(world.Key, "3000-0");
        Assert.Null((await log.FindAsync(1, Cancellation))!.EntryId);
        Assert.Equal("3500-1500", (await log.FindAsync(1_500, Cancellation))!.EntryId);

        Task AppendAsync(IEnumerable<(int Position, string Id)> entries) =>
            Task.WhenAll(entries.Select(entry => world.Redis.StreamAddAsync(world.Key, "position", entry.Position, entry.Id)));
    }

    [Fact]
    public async Task An_event_is_shown_with_how_each_group_stands_with_it()
    {
        await using var world = await RetryWorld.CreateAsync();
        var (bus, log) = (world.Bus, Log(world.Bus));
        var other = await bus.RegisterGroupAsync("other");
        var events = await world.AddAsync(5, deadOf: "Boom");
        var unread = (await bus.AddEventsAsync(1))[0];
        await bus.AppendAsync([.. events, unread]);
        await bus.Redis.HashSetAsync(StreamKeys.Relay(bus.Stream), "position", unread.Position);
        await bus.Redis.HashSetAsync(StreamKeys.Gaps(bus.Stream), 100, 200);
        await bus.ExecuteAsync("""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data, headers, traceparent)
            select
                stream, 150, gen_random_uuid(), type, source, subject, time, data, '{"tenant":"7"}',
                '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01'
            from bus.outbox where position = 1
            """);
        await world.Letters.DiscardAsync(2, "ada", Cancellation);
        await world.Letters.RedriveAsync(3, "ada", Cancellation);
        await world.Letters.RedriveAsync(4, "ada", Cancellation);
        Assert.Single(await world.ClaimAsync(Guid.NewGuid(), 1));
        await bus.Redis.StreamReadGroupAsync(bus.Key, "other", "lane", ">", 1);
        await bus.ExecuteAsync($"insert into bus.inbox values ({other.Id}, int8range(2, 3))");

        async Task<EventDelivery[]> FindAsync(long position) => [.. (await log.FindAsync(position, Cancellation))!.Deliveries];
        Assert.Equal([new EventDelivery(other.Name, EventDeliveryState.Pending, "lane", 1)], (await FindAsync(1)).Take(1));
        var dead = (await FindAsync(1))[1];
        Assert.Equal((EventDeliveryState.Dead, 3, "Boom", 1L), (dead.State, dead.Attempts, dead.Error, dead.Number));
        Assert.NotNull(dead.ReachedAt);
        Assert.Equal([EventDeliveryState.Done, EventDeliveryState.Discarded], (await FindAsync(2)).Select(delivery => delivery.State));
        Assert.Equal([EventDeliveryState.Unread, EventDeliveryState.Pending], (await FindAsync(3)).Select(delivery => delivery.State));
        Assert.Equal([EventDeliveryState.Unread, EventDeliveryState.Waiting], (await FindAsync(4)).Select(delivery => delivery.State));
        Assert.NotNull((await FindAsync(4))[1].NextAttemptAt);
        Assert.Equal([EventDeliveryState.Unread, EventDeliveryState.Unread], (await FindAsync(unread.Position)).Select(delivery => delivery.State));

        var first = (await log.FindAsync(1, Cancellation))!;
        Assert.Equal((events[0].Id, true, null), (first.Event.Id, first.IsPublished, first.TraceId));
        Assert.Equal("""{"number":1}""", Encoding.UTF8.GetString(first.Data.Span));
        Assert.NotNull(first.EntryId);
        var gap = (await log.FindAsync(150, Cancellation))!;
        Assert.Equal((false, null, "0123456789abcdef0123456789abcdef"), (gap.IsPublished, gap.EntryId, gap.TraceId));
        Assert.Contains(gap.Headers, header => header.Name == "tenant" && header.Value.Span.SequenceEqual("7"u8));
        Assert.DoesNotContain(gap.Headers, header => header.Name == "data");
    }

    [Fact]
    public async Task The_events_of_a_subject_are_found_near_the_time_of_its_id()
    {
        await using var world = await BusWorld.CreateAsync();
        await AddAsync(world, 100);
        var subject = Guid.CreateVersion7(Start.AddSeconds(50.5));
        await world.ExecuteAsync($"""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data, created_at)
            select stream, 1000 + position, gen_random_uuid(), type, source, '{subject}', time, data, '{Start.AddSeconds(101):O}'
            from bus.outbox where position between 1 and 12
            """);

        Assert.Equal(Enumerable.Range(1_001, 10).Select(i => (long)i), await Log(world).FindSubjectAsync(subject, Cancellation));
        Assert.Empty(await Log(world).FindSubjectAsync(Guid.CreateVersion7(Start), Cancellation));
        Assert.Empty(await Log(world).FindSubjectAsync(Guid.NewGuid(), Cancellation));
    }

    private static EventLog Log(BusWorld world, TimeSpan? maxSearch = null) =>
        new(world.Stream, world.Catalog, world.ServiceConnection, world.Postgres) { MaxSearch = maxSearch ?? TimeSpan.FromSeconds(10) };

    private static async Task<(List<long> Positions, List<LoggedEventPage> Pages)> ReadAllAsync(EventLog log, EventLogFilter filter, int limit)
    {
        var (positions, pages) = (new List<long>(), new List<LoggedEventPage>());
        do
        {
            pages.Add(await log.ListAsync(filter, limit, pages.LastOrDefault()?.Next, Cancellation));
            positions.AddRange(pages[^1].Events.Select(item => item.Position));
        }
        while (pages[^1].Next is not null);
        return (positions, pages);
    }

    /// <summary>The id that <see cref="AddAsync"/> gives to the event at a position.</summary>
    private static Guid Id(long position)
    {
        var time = Start.AddSeconds(position).ToUnixTimeMilliseconds().ToString("x12", CultureInfo.InvariantCulture);
        return Guid.Parse($"{time[..8]}-{time[8..]}-7000-8000-{position:x12}");
    }

    /// <summary>Adds events to an empty outbox, one a second.</summary>
    private static Task AddAsync(BusWorld world, int count) => world.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $$"""
        insert into bus.outbox (stream, position, id, type, source, subject, time, data, created_at)
        select
            {{world.Identity.Id}}, bus.next_position({{world.Identity.Id}}),
            overlay(overlay(overlay(lpad(to_hex({{Start.ToUnixTimeMilliseconds()}} + 1000 * i), 12, '0') || '70008000' || lpad(to_hex(i), 12, '0')
                placing '-' from 9 for 0) placing '-' from 14 for 0) placing '-' from 19 for 0)::uuid,
            'test', 'tests', i::text, now(), convert_to('{"number":' || i || '}', 'UTF8'),
            '{{Start:O}}'::timestamptz + i * interval '1 second'
        from generate_series(1, {{count}}) i
        """));
}
