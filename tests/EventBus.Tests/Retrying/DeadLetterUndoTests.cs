namespace FanOut.EventBus.Tests.Retrying;

public sealed class DeadLetterUndoTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_redriven_or_discarded_is_dead_again_as_it_was()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(2, deadOf: "Boom");
        var before = await FindAsync(world, 1);
        var change = Guid.NewGuid();
        await world.Letters.RedriveAsync(new DeadLetterFilter { Numbers = [1] }, "ada", change, null, Cancellation);
        await world.Letters.DiscardAsync(new DeadLetterFilter { Numbers = [2] }, "ada", change, null, Cancellation);
        Assert.Equal("discarded 1, waiting 1", await world.StatesAsync());

        Assert.Equal(new DeadLetterUndo(2, true), await world.Letters.UndoAsync(change, "eve", Cancellation));

        var after = await FindAsync(world, 1);
        Assert.Equal("dead 2", await world.StatesAsync());
        Assert.Equal(
            (before.Attempts, before.Error, before.Kind, before.DeadLetteredAt), (after.Attempts, after.Error, after.Kind, after.DeadLetteredAt));
        Assert.Equal(("eve", (Guid?)change), (after.ChangedBy, after.Change));
        Assert.Empty(await world.ClaimAsync(Guid.NewGuid()));
        Assert.Equal(
            [
                (DeadLetterMomentKind.Dead, 3, "Boom", null), (DeadLetterMomentKind.Redriven, 3, null, "ada"),
                (DeadLetterMomentKind.Restored, 3, null, "eve"),
            ],
            after.History.Select(moment => (moment.What, moment.Attempts, moment.Error, moment.By)));

        // It can be decided anew, and undone anew.
        var again = await world.Letters.RedriveAsync(1, "ada", Cancellation);
        Assert.Equal(new DeadLetterUndo(1, true), await world.Letters.UndoAsync(again!.Letter.Change!.Value, "eve", Cancellation));
    }

    [Fact]
    public async Task What_a_worker_has_claimed_failed_or_done_since_is_left_alone()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(4, deadOf: "Boom");
        var change = Guid.NewGuid();
        await world.Letters.RedriveAsync(new DeadLetterFilter(), "ada", change, null, Cancellation);
        var claim = Guid.NewGuid();
        Assert.Equal([1L, 2, 3], (await world.ClaimAsync(claim, 3)).Select(row => row.Number));
        await world.FinishAsync(claim, 1);
        await world.FailAsync(2, claim, 1, "Boom again", TimeSpan.Zero, isDead: false);

        Assert.Equal(new DeadLetterUndo(1, true), await world.Letters.UndoAsync(change, "eve", Cancellation));

        Assert.Equal("dead 1, waiting 2", await world.StatesAsync());
        Assert.Equal(3L, Assert.Single(await world.FinishAsync(claim, 3)));

        // It is due once more by its first failure, and its second is its last.
        var second = Guid.NewGuid();
        Assert.Equal([2L], (await world.ClaimAsync(second)).Select(row => row.Number));
        await world.FailAsync(2, second, 2, "Boom again", TimeSpan.Zero, isDead: true);
        Assert.Equal(new DeadLetterUndo(0, true), await world.Letters.UndoAsync(change, "eve", Cancellation));
        Assert.Equal("dead 2", await world.StatesAsync());
        Assert.Equal(
            [DeadLetterMomentKind.Dead, DeadLetterMomentKind.Redriven, DeadLetterMomentKind.Failed, DeadLetterMomentKind.Dead],
            (await FindAsync(world, 2)).History.Select(moment => moment.What));
    }

    [Fact]
    public async Task The_steps_of_a_change_pass_over_what_has_failed_again_since()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(3, deadOf: "Boom");
        var change = Guid.NewGuid();
        Assert.Equal(new DeadLetterChange(2, 0), await world.Letters.RedriveAsync(new DeadLetterFilter(), "ada", change, limit: 2, Cancellation));
        var claim = Guid.NewGuid();
        await world.ClaimAsync(claim);
        await world.FailAsync(1, claim, 1, "Boom again", TimeSpan.Zero, isDead: true);
        await world.FailAsync(2, claim, 1, "Boom again", TimeSpan.Zero, isDead: true);

        Assert.Equal(new DeadLetterChange(1, 0), await world.Letters.RedriveAsync(new DeadLetterFilter(), "ada", change, limit: 2, Cancellation));
        Assert.Equal(new DeadLetterChange(0, 0), await world.Letters.RedriveAsync(new DeadLetterFilter(), "ada", change, limit: 2, Cancellation));

        Assert.Equal("dead 2, waiting 1", await world.StatesAsync());
        var another = await world.Letters.RedriveAsync(new DeadLetterFilter(), "ada", Guid.NewGuid(), limit: 2, Cancellation);
        Assert.Equal(new DeadLetterChange(2, 0), another);
    }

    [Fact]
    public async Task A_change_that_is_unknown_or_handled_is_told_from_one_that_is_too_old()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(3, deadOf: "Boom");
        var (old, done) = (Guid.NewGuid(), Guid.NewGuid());
        await world.Letters.DiscardAsync(new DeadLetterFilter { Numbers = [1] }, "ada", old, null, Cancellation);
        await world.Letters.RedriveAsync(new DeadLetterFilter { Numbers = [2] }, "ada", done, null, Cancellation);
        var claim = Guid.NewGuid();
        await world.ClaimAsync(claim);
        await world.FinishAsync(claim, 2);
        await world.Bus.ExecuteAsync("update bus.retry set changed_at = changed_at - interval '66 seconds'");

        Assert.Equal(new DeadLetterUndo(0, false), await world.Letters.UndoAsync(old, "eve", Cancellation));
        Assert.Null(await world.Letters.UndoAsync(done, "eve", Cancellation));
        Assert.Null(await world.Letters.UndoAsync(Guid.NewGuid(), "eve", Cancellation));
        Assert.Equal("dead 1, discarded 1", await world.StatesAsync());

        // The minute begins with the last step of a change.
        await world.Letters.DiscardAsync(new DeadLetterFilter { Numbers = [3] }, "ada", old, null, Cancellation);
        Assert.Equal(new DeadLetterUndo(2, true), await world.Letters.UndoAsync(old, "eve", Cancellation));

        var another = new DeadLetterQueue(new StreamName("another"), world.Bus.Catalog, world.Bus.Postgres, world.Metrics);
        Assert.Null(await another.UndoAsync(old, "eve", Cancellation));
    }

    [Fact]
    public async Task Two_undos_at_once_restore_each_dead_letter_once()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(20, deadOf: "Boom");
        for (var round = 0; round < 10; round++)
        {
            var change = Guid.NewGuid();
            await world.Letters.RedriveAsync(new DeadLetterFilter(), "ada", change, null, Cancellation);

            var undone = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => world.Letters.UndoAsync(change, "eve", Cancellation)));

            Assert.Equal(20, undone.Sum(undo => undo!.Restored));
            Assert.Equal("dead 20", await world.StatesAsync());
        }
    }

    [Fact]
    public async Task Each_event_is_either_claimed_or_restored_when_workers_and_an_undo_race()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(50, deadOf: "Boom");
        var (claimed, restored) = (0, 0);
        for (var round = 0; round < 20; round++)
        {
            var (change, claims) = (Guid.NewGuid(), new[] { Guid.NewGuid(), Guid.NewGuid() });
            var waiting = (await world.Letters.RedriveAsync(new DeadLetterFilter(), "ada", change, null, Cancellation)).Changed;

            var undo = world.Letters.UndoAsync(change, "eve", Cancellation);
            var rows = await Task.WhenAll(claims.Select(claim => world.ClaimAsync(claim, 20)));
            var count = rows.Sum(row => row.Count);
            var undone = (await undo)!.Restored;
            claimed += count;
            restored += undone;

            Assert.InRange(count + undone, 0, waiting);
            Assert.Equal((long)undone, await world.Bus.ScalarAsync("select count(*) from bus.retry where state = 'dead'"));
            Assert.Equal((long)count, await world.Bus.ScalarAsync("select count(*) from bus.retry where state = 'waiting' and claim is not null"));
            foreach (var (claim, mine) in claims.Zip(rows))
            {
                // What was claimed is still the claim's: it has its effect. It fails here, to be in the next round too.
                foreach (var row in mine)
                {
                    Assert.True(await world.FailAsync(row.Number, claim, 1, "Boom", TimeSpan.Zero, isDead: true));
                }
            }

            await world.Bus.ExecuteAsync("update bus.retry set state = 'dead', failed_at = clock_timestamp() where state = 'waiting'");
        }

        Assert.True(claimed > 0 && restored > 0, $"{claimed} claimed, {restored} restored: there was no race.");
    }

    [Fact]
    public async Task The_history_is_bounded()
    {
        await using var world = await RetryWorld.CreateAsync();
        await world.AddAsync(1, deadOf: new string('x', 3_000));
        for (var i = 0; i < 20; i++)
        {
            var letter = (await world.Letters.RedriveAsync(1, $"ada {i}", Cancellation))!.Letter;
            await world.Letters.UndoAsync(letter.Change!.Value, "eve", Cancellation);
            var history = (await FindAsync(world, 1)).History;
            Assert.Equal(Math.Min(30, 1 + (2 * (i + 1))), history.Count);
            Assert.Equal([$"ada {i}", "eve"], history.TakeLast(2).Select(moment => moment.By));
            Assert.True(i > 0 || history[0].Error == new string('x', 500));
        }
    }

    private static async Task<DeadLetterDetails> FindAsync(RetryWorld world, long number) =>
        (await world.Letters.FindAsync(number, Cancellation))!;
}
