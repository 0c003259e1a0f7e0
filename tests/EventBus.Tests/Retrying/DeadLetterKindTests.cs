using FanOut.EventBus.Retrying;

namespace FanOut.EventBus.Tests.Retrying;

public sealed class DeadLetterKindTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Order 4711 of bob@example.com failed.", "Order # of … failed.")]
    [InlineData("No product 'Chai' in order 0197f3a2-7c1e-7d3e-8b1a-3f2d0c9be111", "No product … in order #")]
    [InlineData("No product 'Côte de Blaye' in order deadbeef-cafe-abcd-efab-facadefacade", "No product … in order #")]
    [InlineData("It can't be; the user's order isn't there.", "It can't be; the user's order isn't there.")]
    [InlineData("0x80004005: ORD-2026-00017 at 2026-01-02T03:04:05.678Z, 1,234.50 EUR", "#: ORD-# at #, # EUR")]
    [InlineData("Unexpected `<b>`: {\"name\":\"O'Brien\"} and \"an end that was cut", "Unexpected …: {…:…} and …")]
    [InlineData("100% of a_b \\ 'x'\r\n\tnext\u00a0line ", "#% of a_b \\ … next line")]
    [InlineData("A\0B\u0085C", "A\uFFFDB C")]
    [InlineData("\u00a0 \u2028", "")]
    public async Task A_kind_is_the_error_without_what_differs_from_event_to_event(string error, string kind)
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1, deadOf: error);

        Assert.Equal(kind, (await world.Letters.FindAsync(1, Cancellation))!.Kind);
        Assert.Equal([1L], await ListAsync(world, kind));
        Assert.Empty(await ListAsync(world, $"{kind}."));
    }

    [Fact]
    public async Task A_kind_is_short_and_of_dead_letters_only()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1, deadOf: string.Concat(Enumerable.Repeat("\ud83d\ude00 smile ", 400)));
        await world.AddAsync(1);

        Assert.Equal(199, (await world.Bus.ScalarAsync("select length(kind) from bus.retry where number = 1")));
        Assert.Equal("", await world.Bus.ScalarAsync("select kind from bus.retry where number = 2"));
    }

    [Fact]
    public async Task Errors_are_counted_by_group_type_and_kind_most_frequent_first()
    {
        await using var world = await RetryWorld.CreateAsync();
        var other = await world.Bus.RegisterGroupAsync("other");
        await world.AddAsync(1, deadOf: "Timeout after 5 s");
        await world.AddAsync(1, deadOf: "Timeout after 60 s");
        await world.AddAsync(1, deadOf: "Timeout after 7 s", group: other);
        await world.AddAsync(1, deadOf: "Timeout after 8 s", type: "test.other");
        await world.AddAsync(3, deadOf: "Refused");
        await world.AddAsync(1);
        await world.Letters.DiscardAsync(5, "ada", Cancellation);

        var errors = await world.Letters.ListErrorsAsync(null, DeadLetterState.Dead, Cancellation);
        var discarded = await world.Letters.ListErrorsAsync(world.Group.Name, DeadLetterState.Discarded, Cancellation);

        Assert.Equal(
            [
                (world.Group.Name, Ping.EventType, "Refused", "Refused", 2L),
                (world.Group.Name, Ping.EventType, "Timeout after # s", "Timeout after 60 s", 2L),
                (world.Group.Name, "test.other", "Timeout after # s", "Timeout after 8 s", 1L),
                (other.Name, Ping.EventType, "Timeout after # s", "Timeout after 7 s", 1L),
            ],
            errors.Select(error => (error.Group, error.Type!, error.Kind, error.Example, error.Count)));
        Assert.All(errors, error => Assert.True(error.FirstAt <= error.LastAt));
        Assert.Equal([("Refused", 1L)], discarded.Select(error => (error.Kind, error.Count)));
    }

    [Fact]
    public async Task Many_are_redriven_in_steps_that_pass_over_what_is_no_event()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync([.. Enumerable.Range(1, 5).Select(i => NewRetry.Malformed([], $"{i}-0", "Timeout 1"))], [], world.Group);
        await world.AddAsync(7, deadOf: "Timeout 2");
        await world.AddAsync(1, deadOf: "Refused");
        var (filter, change) = (new DeadLetterFilter { Kind = "Timeout #" }, Guid.NewGuid());

        var steps = new List<int>();
        do
        {
            steps.Add((await world.Letters.RedriveAsync(filter, "ada", change, 3, Cancellation)).Changed);
        }
        while (steps[^1] > 0);

        Assert.Equal([3, 3, 1, 0], steps);
        Assert.Equal("dead 6, waiting 7", await world.StatesAsync());
        Assert.Equal(7, (await world.Letters.UndoAsync(change, "ada", Cancellation))!.Restored);
        Assert.Equal(new DeadLetterChange(10, 0), await world.Letters.DiscardAsync(filter, "ada", Guid.NewGuid(), 10, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => world.Letters.RedriveAsync(filter, "ada", change, 0, Cancellation));
    }

    [Fact]
    public async Task Erased_data_is_in_no_error_kind_or_history()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(2, deadOf: "No mail for Alfreds Futterkiste");
        await world.Letters.RedriveAsync(1, "ada", Cancellation);
        var claim = Guid.NewGuid();
        await world.ClaimAsync(claim);
        await world.FailAsync(1, claim, 1, "Again no mail for Alfreds Futterkiste", TimeSpan.Zero, isDead: true);

        var erased = await new EventErasure(world.Bus.Connection, world.Bus.Postgres).EraseAsync(
            world.Bus.Stream, ["1"], _ => "{}"u8.ToArray(), Cancellation);

        Assert.Equal(1, erased.DeadLetters);
        var letter = (await world.Letters.FindAsync(1, Cancellation))!;
        const string Text = "The error was erased with the data.";
        Assert.Equal((Text, Text), (letter.Error, letter.Kind));
        Assert.Equal(
            [
                (DeadLetterMomentKind.Dead, Text, null), (DeadLetterMomentKind.Redriven, null, "ada"), (DeadLetterMomentKind.Dead, Text, null),
            ],
            letter.History.Select(moment => (moment.What, moment.Error, moment.By)));
        Assert.Contains("Alfreds", (await world.Letters.FindAsync(2, Cancellation))!.Kind, StringComparison.Ordinal);
    }

    private static async Task<IEnumerable<long>> ListAsync(RetryWorld world, string kind) =>
        (await world.Letters.ListAsync(new() { Kind = kind }, 10, null, Cancellation)).Letters.Select(letter => letter.Number);
}
