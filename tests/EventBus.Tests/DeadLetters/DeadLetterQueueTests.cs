using System.Text;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Tests.Reclaiming;

namespace FanOut.EventBus.Tests.DeadLetters;

public sealed class DeadLetterQueueTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pages_show_every_dead_letter_once_newest_first()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, _) = await letters.AddAsync(5);

        var seen = new List<long>();
        long? next = null;
        do
        {
            var page = await letters.Queue.ListAsync(new(), 2, next, Cancellation);
            seen.AddRange(page.Letters.Select(letter => letter.Number));
            next = page.Next;
        }
        while (next is not null);

        Assert.Equal(numbers.Reverse(), seen);
    }

    [Fact]
    public async Task A_filter_finds_what_matches_all_of_it()
    {
        await using var letters = await Letters.CreateAsync();
        var (timeouts, _) = await letters.AddAsync(2, error: "Timeout at 100% of O'Brien_s");
        var (others, _) = await letters.AddAsync(1, error: "Refused");
        await letters.Queue.DiscardAsync(timeouts[0], "ada", Cancellation);
        var after = TimeProvider.System.GetUtcNow().AddMinutes(5);

        foreach (var (filter, expected) in new (DeadLetterFilter, IEnumerable<long>)[]
        {
            (new() { Error = "100% OF o'brien_" }, timeouts),
            (new() { Error = "10_%" }, []),
            (new() { State = DeadLetterState.Dead }, [timeouts[1], others[0]]),
            (new() { State = DeadLetterState.Discarded, Error = "timeout" }, [timeouts[0]]),
            (new() { Group = ReclaimingWorld.Group, Type = Ping.EventType, Subject = "3" }, others),
            (new() { Group = new GroupName("another") }, []),
            (new() { Type = "test" }, []),
            (new() { From = after.AddMinutes(-10), Until = after }, [.. timeouts, .. others]),
            (new() { From = after }, []),
            (new() { Until = after.AddMinutes(-10) }, []),
            (new() { Numbers = [others[0], 99_999] }, others),
        })
        {
            Assert.Equal(expected.Order(), (await letters.Queue.ListAsync(filter, 10, null, Cancellation)).Letters.Select(letter => letter.Number).Order());
        }
    }

    [Fact]
    public async Task A_dead_letter_is_shown_with_all_that_is_known_of_it()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, ids) = await letters.AddAsync(1);

        var letter = await letters.Queue.FindAsync(numbers[0], Cancellation);

        Assert.NotNull(letter);
        Assert.Equal((ids[0].ToString(), Ping.EventType, "tests", "1", "lane", 3, "Boom"), (letter.Entry.ToString(), letter.Type, letter.Source, letter.Subject, letter.Consumer, letter.Deliveries, letter.Error));
        Assert.Equal("""{"number":1}""", Encoding.UTF8.GetString(letter.Data!.Value.Span));
        Assert.Equal(["id", "type", "source", "subject", "time", "data", "traceparent", "tracestate"], letter.Fields.Select(field => field.Name));
        Assert.Equal(numbers, letter.History.Select(past => past.Number));
        Assert.Null(await letters.Queue.FindAsync(numbers[0] + 1, Cancellation));
    }

    [Fact]
    public async Task Another_stream_s_dead_letters_are_not_seen_or_changed()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, _) = await letters.AddAsync(1);
        await letters.World.Bus.ExecuteAsync("update bus.dead_letters set stream = 'another'");

        Assert.Empty((await letters.Queue.ListAsync(new(), 10, null, Cancellation)).Letters);
        Assert.Null(await letters.Queue.FindAsync(numbers[0], Cancellation));
        Assert.Null(await letters.Queue.RedriveAsync(numbers[0], "ada", Cancellation));
        Assert.Equal(0, (await letters.Queue.DiscardAsync(new DeadLetterFilter(), "ada", null, 10, Cancellation)).Changed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Many_are_changed_call_by_call_and_what_fails_meanwhile_is_left_alone(bool redrive)
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, _) = await letters.AddAsync(7);
        await letters.Queue.DiscardAsync(numbers[1], "eve", Cancellation);

        var (changed, calls) = (0, 0);
        DeadLetterCursor? next = null;
        do
        {
            var change = await (redrive ? letters.Queue.RedriveAsync(new(), "ada", next, 2, Cancellation) : letters.Queue.DiscardAsync(new(), "ada", next, 2, Cancellation));
            (changed, next) = (changed + change.Changed, change.Next);
            calls++;
            if (calls <= 3)
            {
                await letters.AddAsync(1);
            }
        }
        while (next is not null);

        Assert.Equal((6, 4), (changed, calls));
        var open = (await letters.Queue.ListAsync(new() { State = DeadLetterState.Dead }, 10, null, Cancellation)).Letters;
        Assert.Equal(3, open.Count);
        Assert.Equal(redrive ? 6 : 0, (await letters.RedrivenAsync()).Length);
        Assert.Equal(6L, await letters.World.Bus.ScalarAsync("select count(*) from bus.dead_letters where state_changed_by = 'ada' and state_changed_at is not null"));
    }

    [Fact]
    public async Task Numbers_that_are_decided_about_or_do_not_exist_are_counted_as_unchanged()
    {
        await using var letters = await Letters.CreateAsync();
        var (numbers, _) = await letters.AddAsync(3);
        await letters.Queue.DiscardAsync(numbers[0], "eve", Cancellation);

        var change = await letters.Queue.RedriveAsync(new DeadLetterFilter { Numbers = [.. numbers, 99_999] }, "ada", null, 100, Cancellation);

        Assert.Equal(new DeadLetterChange(2, 2, null), change);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public async Task Nobody_decides_without_a_name(string name)
    {
        await using var letters = await Letters.CreateAsync();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => letters.Queue.RedriveAsync(1, name, Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => letters.Queue.DiscardAsync(1, name, Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => letters.Queue.RedriveAsync(new DeadLetterFilter(), name, null, 1, Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => letters.Queue.DiscardAsync(1, new string('x', DeadLetterQueue.LongestName + 1), Cancellation));
    }
}
