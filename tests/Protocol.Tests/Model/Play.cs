namespace FanOut.Protocol.Tests.Model;

/// <summary>Chooses which process makes its next call.</summary>
internal static class Play
{
    private const int MostSteps = 30_000;

    /// <summary>Enough for each process to finish what it has in hand.</summary>
    private const int LeastRounds = 30;

    /// <summary>Steps until <paramref name="actor"/> is about to make the call with this label.</summary>
    public static void RunUntil(this Actor actor, string label)
    {
        for (var step = 0; actor.Pending?.Label != label; step++)
        {
            StepOf(actor, step);
        }
    }

    /// <summary>Steps until <paramref name="actor"/> has made the call with this label.</summary>
    public static void RunThrough(this Actor actor, string label, CallFate fate = CallFate.Answered)
    {
        actor.RunUntil(label);
        actor.Step(fate);
    }

    /// <summary>As <see cref="RunUntil"/>, but it may wait for another transaction, or end, before.</summary>
    public static void RunWhileItCan(this Actor actor, string label, int mostSteps = 1_000)
    {
        for (var step = 0; step < mostSteps && actor.CanStep && actor.Pending?.Label != label; step++)
        {
            actor.Step();
        }
    }

    public static void RunToEnd(this Actor actor)
    {
        for (var step = 0; !actor.HasFinished; step++)
        {
            StepOf(actor, step);
        }
    }

    /// <summary>Makes as many calls as are needed for an idle process to look at everything once.</summary>
    public static void Run(this Actor actor, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            StepOf(actor, step);
        }
    }

    /// <summary>Without further faults everything comes to rest, and then all promises hold.</summary>
    public static void Settle(this World world)
    {
        world.EndOrphans();
        string? unsettled = null;
        for (var step = 0; step < MostSteps; step++)
        {
            if (step % 64 == 0 && step >= LeastRounds * world.Actors.Count && (unsettled = Invariants.FindUnsettled(world)) is null)
            {
                Invariants.CheckEnd(world);
                return;
            }

            var actor = world.Actors[step % world.Actors.Count];
            if (actor is { HasFinished: false, CanStep: true })
            {
                actor.Step();
            }

            if (world.Orphans.Count > 0)
            {
                world.EndOrphans();
            }
        }

        throw new ViolationException($"everything comes to rest, but {unsettled}");
    }

    private static void StepOf(Actor actor, int step)
    {
        if (step > 1_000 || actor.HasFinished || !actor.CanStep)
        {
            throw new InvalidOperationException($"{actor.Name} cannot go on; its next call is {actor.Pending?.Label}.");
        }

        actor.Step();
    }
}
