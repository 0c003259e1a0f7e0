using System.Text;
using FanOut.EventBus.Retrying;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Retrying;

public sealed class DeadLetterQueueTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_show_every_dead_letter_once_newest_first()
    {
        await using var world = await RetryWorld.CreateAsync();
        var other = await world.Bus.RegisterGroupAsync("other");
        await world.AddAsync(2, deadOf: "Boom");
        await world.AddAsync(2, deadOf: "Boom", group: other);
        await world.AddAsync(1);
        await world.AddAsync(1, deadOf: "Boom");
        await world.Letters.DiscardAsync(2, "ada", Cancellation);

        var seen = new List<long>();
        long? next = null;
        do
        {
            var page = await world.Letters.ListAsync(new(), 2, next, Cancellation);
            seen.AddRange(page.Letters.Select(letter => letter.Number));
            next = page.Next;
        }
        while (next is not null);

        Assert.Equal([6L, 4L, 3L, 2L, 1L], seen);
        Assert.Equal(
            [new DeadLetterCounts(other.Name, 0, 2, 0), new DeadLetterCounts(world.Group.Name, 1, 2, 1)],
            await world.Letters.CountAsync(Cancellation));
    }

    [Fact]
    public async Task A_filter_finds_what_matches_all_of_it()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(2, deadOf: "Timeout at 100% of O'Brien_s");
        await world.AddAsync(1, deadOf: "Refused");
        await world.Letters.DiscardAsync(1, "ada", Cancellation);
        var after = TimeProvider.System.GetUtcNow().AddMinutes(5);

        foreach (var (filter, expected) in new (DeadLetterFilter, long[])[]
        {
            (new() { Error = "100% OF o'brien_" }, [1, 2]),
            (new() { Error = "10_%" }, []),
            (new() { State = DeadLetterState.Dead }, [2, 3]),
            (new() { State = DeadLetterState.Discarded, Error = "timeout" }, [1]),
            (new() { State = DeadLetterState.Redriven }, []),
            (new() { Group = world.Group.Name, Type = Ping.EventType, Subject = "3" }, [3]),
            (new() { Group = new GroupName("another") }, []),
            (new() { Type = "test" }, []),
            (new() { From = after.AddMinutes(-10), Until = after }, [1, 2, 3]),
            (new() { From = after }, []),
            (new() { Until = after.AddMinutes(-10) }, []),
            (new() { Numbers = [3, 99_999] }, [3]),
        })
        {
            var page = await world.Letters.ListAsync(filter, 10, null, Cancellation);
            Assert.Equal(expected, page.Letters.Select(letter => letter.Number).Order());
        }

        // The same conditions stand in the statement that changes many.
        foreach (var filter in new DeadLetterFilter[]
        {
            new() { Error = "10_%" },
            new() { From = after },
            new() { Until = after.AddMinutes(-10) },
            new() { Group = new GroupName("another") },
            new() { Type = "test" },
            new() { Subject = "4" },
            new() { Numbers = [99_999] },
        })
        {
            Assert.Equal(0, (await world.Letters.DiscardAsync(filter, "ada", Cancellation)).Changed);
        }

        Assert.Equal(1, (await world.Letters.DiscardAsync(new DeadLetterFilter { Error = "TIMEOUT", Subject = "2" }, "ada", Cancellation)).Changed);
    }

    [Fact]
    public async Task A_dead_letter_is_shown_with_all_that_is_known_of_it()
    {
        await using var world = await RetryWorld.CreateAsync();
        var item = (await world.AddAsync(1, deadOf: "Boom"))[0];

        var letter = await world.Letters.FindAsync(1, Cancellation);

        Assert.NotNull(letter);
        Assert.Equal(
            (item.Position, "1-0", item.Id, Ping.EventType, "tests", "1"),
            (letter.Position, letter.EntryId, letter.EventId, letter.Type, letter.Source, letter.Subject));
        Assert.Equal((3, "Boom", DeadLetterState.Dead), (letter.Attempts, letter.Error, letter.State));
        Assert.Equal("""{"number":1}""", Encoding.UTF8.GetString(letter.Data!.Value.Span));
        Assert.Equal(BusWorld.Fields(item).Select(Text), Texts(letter));
        Assert.Null(await world.Letters.FindAsync(2, Cancellation));
    }

    [Fact]
    public async Task An_entry_that_is_no_event_is_shown_with_its_fields_and_is_not_redriven()
    {
        await using var world = await RetryWorld.CreateAsync();
        NameValueEntry[] fields = [new("b", "1"), new("a", "\0"), new("b", "2")];
        var item = (await world.Bus.AddEventsAsync(1))[0];
        await world.AddAsync(
            [
                NewRetry.Malformed(fields, "5-0", "Not an event."),
                NewRetry.Stray(RetryWorld.Wire(item), "6-0"),
                NewRetry.Stray(RetryWorld.Wire(item), "6-0"),
            ],
            [],
            world.Group);
        await world.AddAsync(1, deadOf: "Boom");

        var letter = await world.Letters.FindAsync(1, Cancellation);
        Assert.Equal([("b", "1"), ("a", "\uFFFD"), ("b", "2")], Texts(letter!));
        Assert.Equal((null, null, null, null), (letter!.Position, letter.EventId, letter.Type, letter.Time));
        var stray = await world.Letters.FindAsync(2, Cancellation);
        Assert.Equal(BusWorld.Fields(item).Skip(1).Select(Text), Texts(stray!));

        Assert.Equal(new DeadLetterChange(1, 2), await world.Letters.RedriveAsync(new DeadLetterFilter(), "ada", Cancellation));
        var decision = await world.Letters.RedriveAsync(2, "ada", Cancellation);
        Assert.Equal((false, DeadLetterState.Dead), (decision!.IsChanged, decision.Letter.State));
        Assert.Equal(new DeadLetterChange(2, 0), await world.Letters.DiscardAsync(new DeadLetterFilter(), "ada", Cancellation));
        Assert.Equal("discarded 2, waiting 1", await world.StatesAsync());
    }

    [Fact]
    public async Task A_redriven_event_is_due_now_with_its_attempts_counted_anew_and_keeps_who_decided()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1, deadOf: "Boom");

        var decision = await world.Letters.RedriveAsync(1, " ada ", Cancellation);

        Assert.Equal((true, DeadLetterState.Redriven, "ada"), (decision!.IsChanged, decision.Letter.State, decision.Letter.ChangedBy));
        Assert.Equal(decision.Letter.ChangedAt, (await world.Letters.FindAsync(1, Cancellation))!.ChangedAt);
        Assert.Empty((await world.Letters.ListAsync(new(), 10, null, Cancellation)).Letters);
        var row = Assert.Single(await world.ClaimAsync(Guid.NewGuid()));
        Assert.Equal((1L, 0), (row.Number, row.Attempts));

        // Once more changes nothing: somebody works on it.
        Assert.False((await world.Letters.RedriveAsync(1, "eve", Cancellation))!.IsChanged);
        Assert.False((await world.Letters.DiscardAsync(1, "eve", Cancellation))!.IsChanged);
        Assert.Equal("ada", (await world.Letters.FindAsync(1, Cancellation))!.ChangedBy);
    }

    [Fact]
    public async Task What_was_discarded_stays_discarded_and_what_waits_is_no_dead_letter()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1, deadOf: "Boom");
        await world.AddAsync(1);

        Assert.True((await world.Letters.DiscardAsync(1, "ada", Cancellation))!.IsChanged);
        var again = await world.Letters.RedriveAsync(1, "eve", Cancellation);
        Assert.Equal((false, DeadLetterState.Discarded, "ada"), (again!.IsChanged, again.Letter.State, again.Letter.ChangedBy));
        Assert.Equal(new DeadLetterChange(0, 0), await world.Letters.RedriveAsync(new DeadLetterFilter(), "eve", Cancellation));
        Assert.Null(await world.Letters.FindAsync(2, Cancellation));
        Assert.Null(await world.Letters.DiscardAsync(2, "eve", Cancellation));
        Assert.Equal("discarded 1, waiting 1", await world.StatesAsync());
    }

    [Fact]
    public async Task Of_two_decisions_at_once_the_first_one_counts()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(3, deadOf: "Boom");
        await using var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation);
        await using var first = await connection.BeginTransactionAsync(Cancellation);
        await using (var discard = new NpgsqlCommand("update bus.retry set state = 'discarded' where number = 2", connection, first))
        {
            await discard.ExecuteNonQueryAsync(Cancellation);
        }

        var redrive = world.Letters.RedriveAsync(new DeadLetterFilter(), "ada", Cancellation);
        await BusWorld.UntilAsync(
            async () => (long)(await world.Bus.ScalarAsync("select count(*) from pg_locks where not granted"))! > 0, () => "the second to wait");
        await first.CommitAsync(Cancellation);

        Assert.Equal(new DeadLetterChange(2, 0), await redrive);
        Assert.Equal("discarded 1, waiting 2", await world.StatesAsync());
    }

    [Fact]
    public async Task Another_stream_s_dead_letters_are_not_seen_or_changed()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1, deadOf: "Boom");
        var another = new DeadLetterQueue(new StreamName("another"), world.Bus.Catalog, world.Bus.Postgres, world.Metrics);

        Assert.Empty((await another.ListAsync(new(), 10, null, Cancellation)).Letters);
        Assert.Null(await another.FindAsync(1, Cancellation));
        Assert.Null(await another.RedriveAsync(1, "ada", Cancellation));
        Assert.Equal(0, (await another.DiscardAsync(new DeadLetterFilter(), "ada", Cancellation)).Changed);
        Assert.Equal(0, (await another.RedriveAsync(new DeadLetterFilter(), "ada", Cancellation)).Changed);
        Assert.Empty(await another.CountAsync(Cancellation));
        Assert.Equal("dead 1", await world.StatesAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(null)]
    public async Task Nobody_decides_without_a_name(string? name)
    {
        await using var world = await RetryWorld.CreateAsync();
        name ??= new string('x', DeadLetterQueue.MaxNameLength + 1);
        await Assert.ThrowsAnyAsync<ArgumentException>(() => world.Letters.RedriveAsync(1, name, Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => world.Letters.DiscardAsync(1, name, Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => world.Letters.RedriveAsync(new DeadLetterFilter(), name, Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => world.Letters.DiscardAsync(new DeadLetterFilter(), name, Cancellation));
    }

    private static IEnumerable<(string Name, string Value)> Texts(DeadLetterDetails letter) =>
        letter.Fields.Select(field => (field.Name, Encoding.UTF8.GetString(field.Value.Span)));

    private static (string Name, string Value) Text(NameValueEntry field) => (field.Name.ToString(), field.Value.ToString());
}
