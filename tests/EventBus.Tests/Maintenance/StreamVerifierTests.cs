using FanOut.EventBus.Tests.Retrying;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class StreamVerifierTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_event_is_counted_where_it_is()
    {
        await using var world = await RetryWorld.CreateAsync();
        var events = await world.Bus.AddEventsAsync(12);
        await PublishAsync(world, events[..10]);
        await world.Bus.Redis.StreamReadGroupAsync(world.Bus.Key, "retries", "lane", ">", 7);
        await world.AddAsync(events[..2]);
        await world.AddAsync(events[2..4], deadOf: "Boom");
        await world.Letters.DiscardAsync(3, "ada", Cancellation);
        await TakeAsync(world, events[4]);

        var verification = await VerifyAsync(world);

        // 5 is done though its entry is still pending; 6 and 7 are pending, 8 to 10 undelivered, 11 and 12 unpublished.
        Assert.Equal(
            new GroupVerification
            {
                Group = world.Group.Name,
                Done = 1,
                Unpublished = 2,
                Undelivered = 3,
                Pending = 2,
                Waiting = 2,
                DeadLetters = 1,
                Discarded = 1,
                Missing = 0,
            },
            Assert.Single(verification.Groups));
        Assert.False(verification.IsDrained);
        Assert.Equal((12L, 10L, 10L), (verification.HighestPosition, verification.Published, verification.OnStream));

        // The events are of January, so that what is unpublished is old.
        Assert.All(verification.Findings, finding => Assert.Equal(VerificationFindingKind.Stuck, finding.Kind));
        Assert.Equal(2, verification.FindingCount);
    }

    [Fact]
    public async Task A_drained_system_has_no_findings_even_where_events_are_twice_on_the_stream()
    {
        await using var world = await RetryWorld.CreateAsync();
        var events = await world.Bus.AddEventsAsync(5);
        await PublishAsync(world, [.. events, .. events]);
        await world.Bus.ExecuteAsync($"update bus.consumer_group set done_through = {events[2].Position}");
        await world.AddAsync(events[3..4], deadOf: "Boom");
        await TakeAsync(world, events[4]);

        var verification = await VerifyAsync(world);

        Assert.True(verification.IsDrained);
        Assert.Empty(verification.Findings);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_stream_has_lost_is_missing(bool wasDelivered)
    {
        await using var world = await RetryWorld.CreateAsync();
        var events = await world.Bus.AddEventsAsync(5);
        var ids = await PublishAsync(world, events);
        if (wasDelivered)
        {
            await world.Bus.Redis.StreamReadGroupAsync(world.Bus.Key, "retries", "lane", ">", 5);
        }

        await world.Bus.Redis.StreamDeleteAsync(world.Bus.Key, [ids[1]]);
        await world.Bus.Redis.StreamAcknowledgeAsync(world.Bus.Key, "retries", ids[3]);

        var verification = await VerifyAsync(world);

        int[] expected = wasDelivered ? [1, 3] : [1];
        Assert.Equal(expected.Select(i => (long?)events[i].Position), verification.Findings.Select(finding => finding.Position));
        Assert.All(verification.Findings, finding => Assert.Equal(VerificationFindingKind.Missing, finding.Kind));
        Assert.Equal((events[1].Id, "2"), (verification.Findings[0].EventId, verification.Findings[0].Subject));
        Assert.Equal(expected.Length, verification.Groups[0].Missing);
    }

    [Fact]
    public async Task What_is_in_a_gap_of_the_relay_is_unpublished()
    {
        await using var world = await RetryWorld.CreateAsync();
        var events = await world.Bus.AddEventsAsync(6);
        await PublishAsync(world, [events[0], events[4], events[5]]);
        await world.Bus.Redis.HashSetAsync(StreamKeys.Gaps(world.Bus.Stream), events[1].Position, events[2].Position);

        var verification = await VerifyAsync(world);

        Assert.Equal((2L, 1L), (verification.Groups[0].Unpublished, verification.Groups[0].Missing));
        Assert.Equal(events[3].Position, Assert.Single(verification.Findings, finding => finding.Kind == VerificationFindingKind.Missing).Position);
    }

    [Fact]
    public async Task A_retry_row_whose_position_is_not_taken_is_found()
    {
        await using var world = await RetryWorld.CreateAsync();
        var events = await world.AddAsync(3);
        await PublishAsync(world, events);
        await world.Bus.ExecuteAsync($"update bus.consumer_group set done_through = {events[0].Position}; delete from bus.inbox");
        await TakeAsync(world, events[2]);

        var finding = Assert.Single((await VerifyAsync(world)).Findings);

        Assert.Equal((VerificationFindingKind.Doubled, events[1].Position), (finding.Kind, finding.Position));
    }

    [Fact]
    public async Task What_is_due_and_not_claimed_for_long_is_stuck()
    {
        await using var world = await RetryWorld.CreateAsync();
        await PublishAsync(world, await world.AddAsync(3));
        Assert.Empty((await VerifyAsync(world)).Findings);
        await world.Bus.ExecuteAsync("update bus.retry set due_at = due_at - interval '6 minutes' where number < 3");

        var finding = Assert.Single((await VerifyAsync(world)).Findings);

        Assert.Equal(VerificationFindingKind.Stuck, finding.Kind);
        Assert.StartsWith($"2 events in the retry queue have been due", finding.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_findings_a_hundred_are_named_and_all_are_counted()
    {
        await using var world = await RetryWorld.CreateAsync();
        var events = await world.Bus.AddEventsAsync(1_500);
        await PublishAsync(world, events);
        await world.Bus.Redis.StreamReadGroupAsync(world.Bus.Key, "retries", "lane", ">", 1_200);
        var verification = await VerifyAsync(world);
        Assert.Equal((1_200L, 300L, 0L), (verification.Groups[0].Pending, verification.Groups[0].Undelivered, verification.FindingCount));

        await world.Bus.Redis.KeyDeleteAsync(world.Bus.Key);
        verification = await VerifyAsync(world);

        Assert.Equal((1_500L, StreamVerifier.MaxFindings), (verification.FindingCount, verification.Findings.Count));
    }

    [Fact]
    public async Task An_event_that_moves_while_it_is_looked_for_is_not_missing()
    {
        await using var world = await RetryWorld.CreateAsync();
        using var stop = new CancellationTokenSource();
        var work = Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    var events = await world.Bus.AddEventsAsync(20);
                    await PublishAsync(world, events);
                    var read = await world.Bus.Redis.StreamReadGroupAsync(world.Bus.Key, "retries", "lane", ">", 20);
                    await world.AddAsync(events);
                    await world.Bus.Redis.StreamAcknowledgeAsync(world.Bus.Key, "retries", [.. read.Select(entry => entry.Id)]);
                }
            },
            Cancellation);

        try
        {
            for (var i = 0; i < 15; i++)
            {
                var verification = await VerifyAsync(world);
                Assert.DoesNotContain(verification.Findings, finding => finding.Kind != VerificationFindingKind.Stuck);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await work;
        }

        Assert.Equal(0, (await VerifyAsync(world)).Groups[0].Pending);
    }

    [Fact]
    public async Task A_stream_that_the_database_does_not_have_is_refused()
    {
        await using var world = await BusWorld.CreateAsync();
        var verifier = new StreamVerifier(world.ServiceConnection, world.Postgres);
        await Assert.ThrowsAsync<InvalidOperationException>(() => verifier.VerifyAsync(new StreamName("another"), Cancellation));
        Assert.Equal(1L, await world.ScalarAsync("select count(*) from bus.stream"));
    }

    private static Task<StreamVerification> VerifyAsync(RetryWorld world) =>
        new StreamVerifier(world.Bus.ServiceConnection, world.Bus.Postgres).VerifyAsync(world.Bus.Stream, Cancellation);

    /// <summary>Appends events, and says so in the relay's state, as a relay does in one script.</summary>
    private static async Task<RedisValue[]> PublishAsync(RetryWorld world, TestEvent[] events)
    {
        var transaction = world.Bus.Redis.CreateTransaction();
        var ids = events.Select(item => transaction.StreamAddAsync(world.Bus.Key, BusWorld.Fields(item))).ToArray();
        _ = transaction.HashSetAsync(StreamKeys.Relay(world.Bus.Stream), "position", events.Max(item => item.Position));
        await transaction.ExecuteAsync();
        return await Task.WhenAll(ids);
    }

    private static Task TakeAsync(RetryWorld world, TestEvent item) => world.Bus.ExecuteAsync(
        $"insert into bus.inbox values ({world.Group.Id}, int8range({item.Position}, {item.Position + 1}))");
}
