using FanOut.EventBus.Publishing;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>The scripts that move the state.</summary>
public sealed class AppendTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("seq")]
    [InlineData("generation")]
    [InlineData("outbox")]
    [InlineData("added")]
    public async Task An_append_to_another_state_writes_nothing(string changed)
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var relay = await world.RelayByHandAsync();
        var (state, page) = await BeginAsync(world, relay);
        await world.Redis.HashSetAsync(StreamKeys.Relay(world.Bus.Stream), changed, changed == "outbox" ? Guid.NewGuid().ToString() : "2");
        Assert.Null(StreamAppender.ReadReply(await relay.Appender.SendAsync(state, Next(state, page, "b"), new GapTracker(0, []), page, 0, 3)));
        Assert.False(await world.Redis.KeyExistsAsync(world.Key));
        Assert.Equal(0, (await world.StateAsync()).State!.Position);
    }

    [Fact]
    public async Task A_reply_that_was_lost_leads_to_no_second_entry()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var relay = await world.RelayByHandAsync();
        var (state, page) = await BeginAsync(world, relay);
        Assert.NotNull(StreamAppender.ReadReply(await relay.Appender.SendAsync(state, Next(state, page, "b"), new GapTracker(0, []), page, 0, 3)));
        Assert.Null(StreamAppender.ReadReply(await relay.Appender.SendAsync(state, Next(state, page, "c"), new GapTracker(0, []), page, 0, 3)));
        Assert.Equal(3, await world.Redis.StreamLengthAsync(world.Key));
        Assert.Equal((Next(state, page, "b"), 3L), ((await world.StateAsync()).State, (await world.StateAsync()).EntriesAdded));
    }

    [Theory]
    [InlineData("stream")]
    [InlineData("gaps")]
    public async Task A_key_of_another_type_fails_the_append_before_anything_is_written(string which)
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var relay = await world.RelayByHandAsync();
        var (state, page) = await BeginAsync(world, relay);
        await world.Redis.StringSetAsync(which == "gaps" ? StreamKeys.Gaps(world.Bus.Stream) : world.Key, "text");
        await Assert.ThrowsAsync<RedisServerException>(
            () => relay.Appender.SendAsync(state, Next(state, page, "b"), new GapTracker(0, []), page, 0, 3));
        Assert.Equal("a", await world.Redis.HashGetAsync(StreamKeys.Relay(world.Bus.Stream), "seq"));
        Assert.NotEqual(RedisType.Stream, await world.Redis.KeyTypeAsync(world.Key));
    }

    [Fact]
    public async Task Only_the_state_that_was_found_is_replaced()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var relay = await world.RelayByHandAsync();
        var (state, _) = await BeginAsync(world, relay);
        await world.Redis.StreamAddAsync(world.Key, "a", "1");
        Assert.False(await relay.Appender.BeginAsync(null, state with { Seq = "b" }, [], makeAnew: true));
        Assert.False(await relay.Appender.BeginAsync(state with { Seq = "other" }, state with { Seq = "b" }, [], makeAnew: true));
        Assert.Equal(1, await world.Redis.StreamLengthAsync(world.Key));
        Assert.True(await relay.Appender.BeginAsync(state, state with { Seq = "b" }, [new Gap(3, 5)], makeAnew: true));
        var found = await world.StateAsync();
        Assert.Equal((state with { Seq = "b" }, 0L, false), (found.State, found.EntriesAdded, found.HasLostEntries));
        Assert.Equal([new Gap(3, 5)], found.Gaps);
    }

    private static async Task<(StreamState State, OutboxPage Page)> BeginAsync(OutboxWorld world, ManualRelay relay)
    {
        await world.Bus.AddEventsAsync(3);
        await relay.Reader.OpenAsync(Cancellation);
        var page = await relay.Reader.ReadAsync(new GapTracker(0, []), Cancellation);
        var state = new StreamState(Guid.NewGuid(), 1, "a", 0, null);
        Assert.True(await relay.Appender.BeginAsync(null, state, [], makeAnew: false));
        return (state, page);
    }

    private static StreamState Next(StreamState state, OutboxPage page, string seq) =>
        state with { Seq = seq, Position = page.Positions[^1], Event = page.IdOf(page.Count - 1) };
}
