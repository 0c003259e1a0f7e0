using FanOut.EventBus.Tests.Retrying;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class GroupBacklogTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_show_every_pending_entry_with_its_owner()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("group");
        var events = await world.PublishAsync(250);
        await world.Redis.StreamAddAsync(world.Key, "nonsense", "1");
        await world.Redis.StreamReadGroupAsync(world.Key, "group", "first", ">", 200);
        await world.Redis.StreamReadGroupAsync(world.Key, "group", "second", ">", 200);
        var backlog = Backlog(world);

        var seen = new List<PendingDelivery>();
        string? after = null;
        do
        {
            var page = await backlog.ListPendingAsync(group.Name, 100, after, Cancellation);
            seen.AddRange(page!);
            after = page is [.., var last] ? last.EntryId : null;
        }
        while (after is not null);

        Assert.Equal([.. events.Select(item => (long?)item.Position), null], seen.Select(entry => entry.Position));
        Assert.Equal(Enumerable.Repeat("first", 200).Concat(Enumerable.Repeat("second", 51)), seen.Select(entry => entry.Owner));
        Assert.All(seen, entry => Assert.Equal((true, 1), (entry.IsOwnerLive, entry.Deliveries)));
        Assert.Null(await backlog.ListPendingAsync(new GroupName("none"), 10, null, Cancellation));

        // Redis has lost all.
        await world.Redis.KeyDeleteAsync(world.Key);
        Assert.Empty((await backlog.ListPendingAsync(group.Name, 10, null, Cancellation))!);
    }

    [Fact]
    public async Task Pages_show_every_waiting_event_in_the_order_of_its_next_attempt()
    {
        await using var world = await RetryWorld.CreateAsync();
        var other = await world.Bus.RegisterGroupAsync("other");
        await world.AddAsync(20);
        await world.AddAsync(20, type: "test.other");
        await world.AddAsync(1, deadOf: "Boom");
        await world.AddAsync(1, group: other);
        await world.Bus.ExecuteAsync("update bus.retry set due_at = '2026-01-01Z'::timestamptz + (number * 7 % 40 / 4) * interval '1 minute'");
        await world.Bus.ExecuteAsync("update bus.retry set claim = gen_random_uuid() where number % 5 = 0 and state = 'waiting' and group_id <> "
            + other.Id);
        var backlog = Backlog(world.Bus);

        var seen = new List<WaitingEvent>();
        IReadOnlyList<WaitingEvent>? page;
        do
        {
            page = await backlog.ListRetriesAsync(
                world.Group.Name, 7, seen is [.., var last] ? (last.DueAt, last.Number) : null, Cancellation);
            seen.AddRange(page!);
        }
        while (page!.Count > 0);

        Assert.Equal(Enumerable.Range(1, 40).Select(i => (long)i), seen.Select(item => item.Number).Order());
        Assert.Equal(seen.OrderBy(item => item.DueAt).ThenBy(item => item.Number), seen);
        Assert.All(seen, item => Assert.Equal(item.Number % 5 == 0, item.IsClaimed));
        Assert.Null(await backlog.ListRetriesAsync(new GroupName("none"), 10, null, Cancellation));
    }

    private static GroupBacklog Backlog(BusWorld world) =>
        new(world.Stream, world.Catalog, world.Groups, world.ServiceConnection, world.Postgres);
}
