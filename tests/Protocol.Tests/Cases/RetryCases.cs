using FanOut.Protocol.Tests.Actors;
using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Cases;

/// <summary>Scripted interleavings around the retry queue.</summary>
internal static class RetryCases
{
    public static void ReclaimerTakesEntryOfSlowLane(Stage stage)
    {
        stage.Publish(1);
        stage.Lane.RunUntil("insert position");
        stage.LetTimePass(World.ReclaimAfter);
        stage.Reclaimer.RunThrough("acknowledge");
        stage.Settle();
    }

    /// <summary>Attack 16.</summary>
    public static void OldWorkerMeetsNewType(Stage stage)
    {
        var old = stage.AddWorker("old worker", "old");
        stage.World.Add(new Operator(stage.World, "deployment", deploysNewType: true)).RunThrough("subscribe");
        stage.Write(Behavior.FailsOnceUntouched, "new");
        stage.Relay.RunThrough("append");
        stage.AddLane("old lane", "old").RunThrough("acknowledge");
        for (var i = 0; i < World.MaxDeliveries; i++)
        {
            old.Run(12);
            stage.LetTimePass();
        }

        stage.Settle();
    }

    /// <summary>Attack 14.</summary>
    public static void RepliesOfClaimsAreLost(Stage stage)
    {
        stage.Write(Behavior.FailsOnceUntouched);
        stage.Relay.RunThrough("append");
        stage.Lane.RunThrough("acknowledge");
        for (var i = 0; i < World.MaxDeliveries; i++)
        {
            stage.Worker.RunThrough("claim", CallFate.CallerDies);
            stage.LetTimePass();
        }

        stage.Settle();
    }

    /// <summary>Attack 14: the process-killer is found, and what was claimed with it is not blamed.</summary>
    public static void EventKillsItsProcess(Stage stage)
    {
        stage.Write(Behavior.KillsProcess);
        stage.Write(Behavior.FailsOnceUntouched);
        stage.Settle();
    }

    /// <summary>Attack 15.</summary>
    public static void LeaseEndsWhileHandlerRuns(Stage stage)
    {
        stage.Write(Behavior.FailsOnceUntouched);
        stage.Relay.RunThrough("append");
        stage.Lane.RunThrough("acknowledge");
        stage.Worker.RunThrough("handle");
        stage.LetTimePass();
        stage.AddWorker("second worker", "old").Run(12);
        stage.Settle();
    }

    public static void RedriveMeetsStray(Stage stage)
    {
        stage.Redis.Add(9, -1, "old");
        stage.Lane.RunThrough("acknowledge");
        stage.World.Add(new Operator(stage.World, "redriving person", redrives: 1)).Run(4);
        stage.Settle();
    }
}
