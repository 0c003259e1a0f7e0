using FanOut.EventBus.Groups;
using FanOut.EventBus.Inbox;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

/// <summary>What a lane of a group does, step by step.</summary>
internal static class GroupWork
{
    public static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Reads entries and leaves them pending.</summary>
    public static Task<StreamEntry[]> ReadAsync(this BusWorld world, RegisteredGroup group, int count = 10_000, string consumer = "lane") =>
        world.Redis.StreamReadGroupAsync(world.Key, group.Name.Value, consumer, StreamPosition.NewMessages, count);

    /// <summary>Begins a lane's transaction, which holds the positions of the events until it is disposed.</summary>
    public static Task<InboxTransaction> HoldAsync(this BusWorld world, RegisteredGroup group, params TestEvent[] events) =>
        InboxTransaction.BeginAsync(
            world.Postgres,
            group,
            new InboxTimeouts(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10)),
            [.. events.Select(item => new InboxCandidate(item.Position, item.Id))],
            Cancellation);

    /// <summary>Takes the events in one transaction: they are done.</summary>
    public static async Task TakeAsync(this BusWorld world, RegisteredGroup group, params TestEvent[] events)
    {
        await using var inbox = await world.HoldAsync(group, events);
        await inbox.CommitAsync([], Cancellation);
    }

    /// <summary>Reads, takes and acknowledges what is on the stream.</summary>
    public static async Task HandleAsync(this BusWorld world, RegisteredGroup group, params TestEvent[] events)
    {
        var entries = await world.ReadAsync(group);
        await world.TakeAsync(group, events);
        await world.Redis.StreamAcknowledgeAsync(world.Key, group.Name.Value, [.. entries.Select(entry => entry.Id)]);
    }

    public static async Task<long[]> WaitingAsync(this BusWorld world, RegisteredGroup group) =>
        await world.ScalarAsync($"select array_agg(position order by position) from bus.retry where group_id = {group.Id} and state = 'waiting'")
            as long[] ?? [];

    public static async Task<long> DoneThroughAsync(this BusWorld world, RegisteredGroup group) =>
        (long)(await world.ScalarAsync($"select done_through from bus.consumer_group where id = {group.Id}"))!;

    public static async Task<long> PendingAsync(this BusWorld world, RegisteredGroup group) =>
        (await world.Redis.StreamPendingAsync(world.Key, group.Name.Value)).PendingMessageCount;

    /// <summary>What the group has done, by the view.</summary>
    public static async Task<long> ProgressAsync(this BusWorld world, RegisteredGroup group) =>
        (long)(await world.ScalarAsync($"select events from bus.group_progress where \"group\" = '{group.Name}'"))!;
}
