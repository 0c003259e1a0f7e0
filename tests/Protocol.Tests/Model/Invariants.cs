namespace FanOut.Protocol.Tests.Model;

/// <summary>The promises of the protocol.</summary>
internal static class Invariants
{
    /// <summary>Checked whenever the relay's state has changed.</summary>
    public static void CheckStream(World world)
    {
        var appended = world.Redis.Appended.Select(entry => entry.Event).ToList();
        if (world is { HasRedisLoss: false, HasPostgresLoss: false, HasStreamLoss: false })
        {
            Require(world.Remakes == 0, "a stream that lost nothing is never made anew");
            Require(appended.Distinct().Count() == appended.Count, "an event stands on the stream once");
            foreach (var (cause, effect) in appended.SelectMany(effect => world.Events[effect].Causes, (effect, cause) => (cause, effect)))
            {
                Require(IndexOf(appended, cause) < appended.IndexOf(effect), $"event {effect} follows its cause {cause} on the stream");
            }
        }

        if (world is { HasPostgresLoss: false, HasStreamLoss: false, Redis.State: { } state })
        {
            var reader = new Transaction(world.Primary);
            var lowest = world.Primary.Groups.Read(reader).Min(group => group.DoneThrough);
            foreach (var row in world.Primary.History.Read(reader).Where(row => row.Position > lowest && row.Position <= state.Position))
            {
                Require(
                    appended.Contains(row.Event) || state.Gaps.ContainsKey(row.Position),
                    $"position {row.Position} at or below the state's is on the stream or in a gap");
            }
        }
    }

    /// <summary>Null when nothing is left to do; otherwise what is.</summary>
    public static string? FindUnsettled(World world)
    {
        var reader = new Transaction(world.Primary);
        var highest = world.Primary.History.Read(reader).Select(row => row.Position).DefaultIfEmpty().Max();
        var behind = world.Primary.Groups.Read(reader).FirstOrDefault(group => group.DoneThrough < highest);
        var waiting = world.Primary.Retries.Read(reader).FirstOrDefault(row => !row.IsDead);
        return world.Actors.Exists(actor => actor is Actors.Writer { HasFinished: false }) ? "a writer is at work"
            : behind is not null ? $"{behind.Group} has done {behind.DoneThrough} of {highest}"
            : waiting is not null ? $"{waiting} waits"
            : !world.Redis.IsQuiet ? "entries of the stream are undelivered or pending"
            : null;
    }

    /// <summary>Checked when the faults have stopped and nothing is left to do.</summary>
    public static void CheckEnd(World world)
    {
        CheckStream(world);
        var reader = new Transaction(world.Primary);
        var committed = world.Primary.History.Read(reader).ToDictionary(row => row.Event);
        var effects = world.Primary.Effects.Read(reader).CountBy(effect => (effect.Group, effect.Event)).ToDictionary();
        foreach (var ((group, @event), times) in effects)
        {
            Require(committed.ContainsKey(@event), $"{group} handles no stray (it handled {@event})");
            Require(times == 1, $"{group} handles event {@event} once (it did {times} times)");
        }

        var dead = world.Primary.Retries.Read(reader).Where(row => row.IsDead).ToArray();
        foreach (var (group, row) in world.Groups.SelectMany(_ => committed.Values, (group, row) => (group, row)))
        {
            var letter = Array.Find(dead, letter => letter.Group == group && letter.Event == row.Event);
            var isLeftOut = row.Type != "old" && !world.Events[row.Event].IsSubscribed;
            var hasEffect = effects.ContainsKey((group, row.Event));
            Require(hasEffect || letter is not null || isLeftOut, $"{group} handles event {row.Event} or has a dead letter");
            Require(!hasEffect || letter is null, $"{group} has no dead letter of event {row.Event}, which it handled ({letter})");
            if (letter is not null)
            {
                CheckDeadLetter(world, letter);
            }
        }
    }

    private static void CheckDeadLetter(World world, RetryRow letter)
    {
        Require(letter.Position is not null, $"{letter.Group} takes no event of the outbox for a stray ({letter.Event})");
        var key = (letter.Group, letter.Event);
        var diedAlone = world.LoneClaims.GetValueOrDefault(key) >= World.MaxDeliveries;
        var fails = world.Events[letter.Event].Behavior is not (Behavior.Succeeds or Behavior.FailsOnceTouched or Behavior.FailsOnceUntouched);
        Require(
            diedAlone || (fails && world.Tried.GetValueOrDefault(key) > 0),
            $"{letter.Group} tried event {letter.Event} before it called it dead");
    }

    private static int IndexOf(List<int> appended, int cause) => appended.IndexOf(cause) is var index and >= 0 ? index : int.MaxValue;

    private static void Require(bool holds, string promise)
    {
        if (!holds)
        {
            throw new ViolationException(promise);
        }
    }
}
