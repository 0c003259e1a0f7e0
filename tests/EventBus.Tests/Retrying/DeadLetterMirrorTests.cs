using FanOut.EventBus.Retrying;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Retrying;

public sealed class DeadLetterMirrorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_dead_letter_is_copied_to_the_group_s_DLQ_stream_with_the_event_s_fields()
    {
        await using var world = await RetryWorld.CreateAsync();
        var item = (await world.AddAsync(1, deadOf: "Boom"))[0];
        await world.AddAsync(1);
        await world.AddAsync([NewRetry.Malformed([new("x", "y")], "7-0", "Not an event.")], [], world.Group);
        var mirror = Mirror(world);

        Assert.Equal(2, await mirror.RunOnceAsync(world.Group, Cancellation));
        Assert.Equal(0, await mirror.RunOnceAsync(world.Group, Cancellation));

        var entries = await EntriesAsync(world);
        Assert.Equal(
            [
                "dlq-group", "dlq-number", "dlq-position", "dlq-error", "dlq-attempts", "dlq-time",
                .. BusWorld.Fields(item).Select(field => (string)field.Name!),
            ],
            entries[0].Values.Select(field => (string)field.Name!));
        Assert.Equal(
            (world.Group.Name.Value, "1", "Boom", "3", $"{item.Position}", """{"number":1}"""),
            (Text(0, "dlq-group"), Text(0, "dlq-number"), Text(0, "dlq-error"), Text(0, "dlq-attempts"), Text(0, "position"), Text(0, "data")));
        Assert.Equal(("", "y"), (Text(1, "dlq-position"), Text(1, "x")));

        string Text(int entry, string field) => (string)entries[entry][field]!;
    }

    [Fact]
    public async Task Copies_are_kept_no_longer_than_the_dead_letters()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1, deadOf: "Boom");
        var mirror = Mirror(world);
        await mirror.RunOnceAsync(world.Group, Cancellation);
        var now = TimeProvider.System.GetUtcNow();

        await mirror.TrimAsync(world.Group, TimeSpan.FromDays(90), now);
        var kept = await EntriesAsync(world);
        await mirror.TrimAsync(world.Group, TimeSpan.FromDays(90), now.AddDays(91));

        Assert.Single(kept);
        Assert.Empty(await EntriesAsync(world));
    }

    [Fact]
    public async Task What_fails_again_after_a_redrive_is_copied_again()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1, deadOf: "Boom");
        await Mirror(world).RunOnceAsync(world.Group, Cancellation);
        await world.Letters.RedriveAsync(1, "ada", Cancellation);
        Assert.Equal(0, await Mirror(world).RunOnceAsync(world.Group, Cancellation));
        var claim = Guid.NewGuid();
        var row = Assert.Single(await world.ClaimAsync(claim));
        await world.FailAsync(row.Number, claim, 1, "Boom again", TimeSpan.Zero, isDead: true);

        Assert.Equal(1, await Mirror(world).RunOnceAsync(world.Group, Cancellation));
        Assert.Equal(["Boom", "Boom again"], (await EntriesAsync(world)).Select(entry => (string)entry["dlq-error"]!));
    }

    [Fact]
    public async Task What_fails_again_while_it_is_copied_is_copied_again()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1, deadOf: "Boom");
        await using var mark = world.Bus.Postgres.CreateCommand(EmbeddedText.Read("Retrying.mark_mirrored.sql"));
        mark.Parameters.AddWithValue(new[] { 1L });
        mark.Parameters.AddWithValue(new[] { DateTime.UnixEpoch });
        Assert.Equal(0, await mark.ExecuteNonQueryAsync(Cancellation));

        Assert.Equal(1, await Mirror(world).RunOnceAsync(world.Group, Cancellation));
    }

    [Fact]
    public async Task While_Redis_refuses_nothing_counts_as_copied()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(3, deadOf: "Boom");
        var key = StreamKeys.DeadLetters(world.Bus.Stream, world.Group.Name);
        await world.Bus.Redis.StringSetAsync(key, "in the way");
        await Assert.ThrowsAsync<RedisServerException>(() => Mirror(world).RunOnceAsync(world.Group, Cancellation));
        await world.Bus.Redis.KeyDeleteAsync(key);

        Assert.Equal(3, await Mirror(world).RunOnceAsync(world.Group, Cancellation));
        Assert.Equal(3, (await EntriesAsync(world)).Length);
    }

    [Fact]
    public async Task The_DLQ_stream_is_trimmed_and_a_call_copies_only_so_many()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(DeadLetterMirror.MaxPerCall + 300, deadOf: "Boom");
        var mirror = new DeadLetterMirror(world.Bus.ServiceConnection, world.Bus.Postgres, maxLength: 100);

        Assert.Equal(DeadLetterMirror.MaxPerCall, await mirror.RunOnceAsync(world.Group, Cancellation));
        while (await mirror.RunOnceAsync(world.Group, Cancellation) > 0)
        {
            // Until all are copied.
        }

        Assert.InRange((await EntriesAsync(world)).Length, 100, 300);
    }

    [Fact]
    public async Task Old_dead_letters_are_removed_and_their_positions_stay_taken()
    {
        await using var world = await RetryWorld.CreateAsync();
        var events = await world.AddAsync(2, deadOf: "Boom");
        await world.Letters.DiscardAsync(2, "ada", Cancellation);
        await world.AddAsync(1);
        await world.Bus.ExecuteAsync("update bus.retry set due_at = due_at - interval '30 days 1 minute'");
        await world.AddAsync(1, deadOf: "Boom");
        var before = await ProgressAsync();

        Assert.Equal(2, await world.Queue.RemoveOldAsync(TimeSpan.FromDays(30), Cancellation));

        Assert.Equal("dead 1, waiting 1", await world.StatesAsync());
        Assert.Equal(before, await ProgressAsync());
        await Assert.ThrowsAnyAsync<Exception>(() => world.AddAsync(events));

        async Task<long> ProgressAsync() => (long)(await world.Bus.ScalarAsync("select events from bus.group_progress"))!;
    }

    [Fact]
    public async Task A_dead_letter_s_time_to_be_kept_begins_when_it_failed_last()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1);
        await world.Bus.ExecuteAsync("update bus.retry set due_at = due_at - interval '60 days', created_at = created_at - interval '60 days'");
        var claim = Guid.NewGuid();
        var row = Assert.Single(await world.ClaimAsync(claim));
        await world.FailAsync(row.Number, claim, 1, "Boom", TimeSpan.FromDays(-100), isDead: true);

        Assert.Equal(0, await world.Queue.RemoveOldAsync(TimeSpan.FromDays(30), Cancellation));
    }

    private static DeadLetterMirror Mirror(RetryWorld world) => new(world.Bus.ServiceConnection, world.Bus.Postgres);

    private static Task<StreamEntry[]> EntriesAsync(RetryWorld world) =>
        world.Bus.Redis.StreamRangeAsync(StreamKeys.DeadLetters(world.Bus.Stream, world.Group.Name));
}
