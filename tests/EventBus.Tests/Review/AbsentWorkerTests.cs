namespace FanOut.EventBus.Tests.Review;

public sealed class AbsentWorkerTests
{
    /// <summary>A group has two kinds of workers. One is away for more than an hour: scaled to zero, or cut off.</summary>
    [Fact]
    public async Task Events_of_a_type_whose_only_worker_is_away_for_an_hour_are_not_done_without_a_trace()
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("group", types: ["test.other", Ping.EventType]);
        await world.ExecuteAsync(
            $"update bus.subscription set seen_at = now() - interval '61 minutes' where group_id = {group.Id} and type = 'test.other'");
        await world.StartWorkerAsync("group");
        var others = await world.AddEventsAsync(1, "test.other");
        await world.AppendAsync(others);
        await world.PublishAsync(1);
        await BusWorld.UntilAsync(async () => await world.EffectsAsync("group") == 1, () => "the ping");
        await world.UntilPendingAsync("group", 0);

        // Its worker is back.
        await world.StartWorkerAsync("group", type: "test.other");

        await BusWorld.UntilAsync(async () => await world.EffectsAsync("group") == 2, () => "the effect of the other event");
    }
}
