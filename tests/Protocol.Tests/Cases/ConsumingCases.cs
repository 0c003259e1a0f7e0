using FanOut.Protocol.Tests.Actors;
using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Cases;

/// <summary>Scripted interleavings of lanes.</summary>
internal static class ConsumingCases
{
    /// <summary>Attack 10.</summary>
    public static void LaneComesBackAfterRaise(Stage stage)
    {
        stage.Publish(1);
        stage.Lane.RunUntil("insert position");
        stage.LetOthersHandle();
        stage.Raise();
        stage.Settle();
    }

    /// <summary>Attack 31.</summary>
    public static void PageHasStrayBelowRealEvent(Stage stage)
    {
        var coming = stage.Open();
        stage.Redis.Add(1, -1, "old");
        stage.Publish(1);
        stage.Lane.RunThrough("acknowledge");
        coming.RunToEnd();
        stage.Settle();
    }

    public static void StrayClaimsPositionOfComingEvent(Stage stage)
    {
        stage.Redis.Add(1, -1, "old");
        stage.Lane.RunThrough("acknowledge");
        stage.Write();
        stage.Settle();
    }

    public static void TwoStraysShareAnEntryId(Stage stage)
    {
        var saved = stage.Redis.Save();
        stage.Redis.Add(9, -1, "old", new EntryId(long.MaxValue / 2, 1));
        stage.Lane.RunThrough("acknowledge");
        stage.World.HasRedisLoss = true;
        stage.Redis.Restore(saved);
        stage.Redis.Add(9, -2, "old", new EntryId(long.MaxValue / 2, 1));
        stage.Settle();
    }

    /// <summary>Attack 13: an entry and its copy in one read and in two lanes.</summary>
    public static void EntryStandsOnStreamTwice(Stage stage)
    {
        var second = stage.AddLane("second lane", "old");
        var first = stage.Write(Behavior.FailsOnceTouched);
        stage.Redis.Add(1, first, "old");
        stage.Relay.RunThrough("append");
        stage.Redis.Add(1, first, "old");
        stage.Lane.RunUntil("handle");
        stage.Redis.Add(1, first, "old");
        second.RunThrough("insert position");
        stage.Settle();
    }

    public static void NewVersionSubscribesWhileOldLaneRuns(Stage stage)
    {
        var old = stage.AddLane("old lane", "old");
        stage.World.Add(new Operator(stage.World, "deployment", deploysNewType: true)).RunThrough("subscribe");
        stage.Write(type: "new");
        stage.Relay.RunThrough("append");
        old.RunThrough("acknowledge");
        stage.Settle();
    }
}
