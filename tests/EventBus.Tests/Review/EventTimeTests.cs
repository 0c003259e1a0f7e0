namespace FanOut.EventBus.Tests.Review;

public sealed class EventTimeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("now() + interval '10 years'", "00:00:00", false)]
    [InlineData("now() - interval '10 years'", "24:00:00", true)]
    public async Task An_events_own_time_says_nothing_of_how_long_the_outbox_keeps_it(string time, string keepFor, bool isKept)
    {
        await using var world = await BusWorld.CreateAsync();
        var group = await world.RegisterGroupAsync("group");
        await world.ExecuteAsync($"""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data)
            values ({world.Identity.Id}, bus.next_position({world.Identity.Id}), gen_random_uuid(), 'test.ping', 'tests', '1', {time}, '\x7b7d')
            """);
        await world.ExecuteAsync($"select setval('bus.position_{world.Identity.Id}', 1500000)");
        await world.AddEventsAsync(1);
        await world.ExecuteAsync($"update bus.consumer_group set done_through = 1500001 where id = {group.Id}");

        var keep = TimeSpan.Parse(keepFor, System.Globalization.CultureInfo.InvariantCulture);
        await new Maintenance.Parts(world).Pruner(keep).PassAsync(Cancellation);

        Assert.Equal(isKept, await world.ScalarAsync($"select to_regclass('{world.Identity.OutboxTable}_0')::text") is string);
    }
}
