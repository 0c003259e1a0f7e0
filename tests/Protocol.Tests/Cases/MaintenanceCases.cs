using FanOut.Protocol.Tests.Actors;
using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Cases;

/// <summary>Scripted interleavings of what raises, reconciles, trims and watches.</summary>
internal static class MaintenanceCases
{
    public static void LaneRollsBackAfterRaise(Stage stage)
    {
        stage.Publish(1);
        stage.Reconciler.RunThrough("draw own xid");
        stage.Lane.RunThrough("insert position");
        stage.Raise();
        stage.Lane.Crash();
        stage.Settle();
    }

    /// <summary>Attack 11.</summary>
    public static void RaiseMeetsOpenOrder(Stage stage)
    {
        var open = stage.Open();
        stage.Publish(1);
        stage.Lane.RunThrough("acknowledge");
        stage.Reconciler.Run(12);
        open.RunToEnd();
        stage.Settle();
    }

    /// <summary>
    /// The horizon is 3. Postgres loses positions 2 and 3, and other transactions use up the xids. Then 2 is drawn and stays open,
    /// 3 commits: the old horizon's xid is below both, so 2 would count as rolled back.
    /// </summary>
    public static void PositionsBelowHorizonAreDrawnAgain(Stage stage)
    {
        stage.Publish(1);
        stage.Write();
        stage.Write();
        stage.Reconciler.RunThrough("draw own xid");
        stage.World.FailOver(lost: 2);
        for (var other = 0; other < 20; other++)
        {
            var transaction = new Transaction(stage.World.Primary);
            transaction.AssignXid();
            stage.World.Primary.End(transaction, commit: true);
        }

        stage.Reconciler.RunUntil("find lowest missing");
        stage.Lane.RunThrough("acknowledge");
        stage.Reconciler.Run(12);
        var open = stage.Open();
        stage.Settle();
        open.RunToEnd();
        stage.Settle();
    }

    public static void LaneComesBackBetweenDeleteAndRaise(Stage stage)
    {
        stage.Publish(1);
        stage.Lane.RunUntil("insert position");
        stage.LetOthersHandle();
        stage.Reconciler.RunThrough("delete ranges");
        stage.Lane.RunWhileItCan("acknowledge");
        stage.Settle();
    }

    public static void RedisLosesDeliveredEntries(Stage stage)
    {
        stage.Publish(2);
        stage.Lane.RunUntil("insert position");
        stage.World.HasRedisLoss = true;
        stage.Redis.DeleteStream();
        stage.World.HasStreamLoss = true;
        stage.Maintainer.RunThrough("create group");
        stage.Redis.Add(9, -1, "old");
        stage.Redis.Add(9, -1, "old");
        stage.Lane.Crash();
        stage.Settle();
    }

    public static void EventIsDoneAndRaisedOverWhileReconciling(Stage stage)
    {
        var second = stage.World.Add(new Reconciler(stage.World, "second reconciler", "webhooks"));
        stage.Publish(1);
        stage.Lane.RunUntil("insert position");
        stage.Redis.Acknowledge("webhooks", stage.Redis.Entries.Select(entry => entry.Id));
        second.RunThrough("find what was lost");
        stage.Lane.RunThrough("acknowledge");
        stage.Raise();
        stage.Settle();
    }

    /// <summary>What is trimmed before it is delivered leaves last-delivered below the end, on a stream that is quiet from then on.</summary>
    public static void UndeliveredEntriesAreTrimmed(Stage stage)
    {
        stage.Publish(2);
        stage.World.HasStreamLoss = true;
        stage.Redis.Trim(keep: 0);
        stage.Settle();
    }

    /// <summary>Attack 25: the noted end is above all ids of the stream that was made anew.</summary>
    public static void StreamIsMadeAnewWithLowerIds(Stage stage)
    {
        stage.Publish(2);
        stage.Redis.Add(9, -1, "old", new EntryId(long.MaxValue / 2, 1));
        stage.Reconciler.RunThrough("note stream end");
        stage.World.HasRedisLoss = true;
        stage.Redis.FlushAll();
        stage.Write();
        stage.Relay.RunThrough("append");
        stage.Settle();
    }

    /// <summary>Attack 25: a gap is filled after the end was noted.</summary>
    public static void GapIsFilledAfterEndWasNoted(Stage stage)
    {
        var open = stage.Open();
        stage.Publish(1);
        stage.Reconciler.RunThrough("note stream end");
        open.RunToEnd();
        stage.Lane.RunThrough("acknowledge");
        stage.Reconciler.RunThrough("find what was lost");
        stage.Relay.RunThrough("append");
        stage.Settle();
    }

    /// <summary>Attack 20.</summary>
    public static void ClockOfRedisGoesBack(Stage stage)
    {
        stage.Publish(1);
        stage.Maintainer.RunThrough("trim");
        stage.Lane.RunThrough("read group", CallFate.CallerDies);
        stage.Redis.Time -= 100_000;
        stage.Settle();
    }

    public static void ClockGoesBackWhileNoMaintainerRuns(Stage stage)
    {
        stage.Publish(1);
        stage.Lane.RunThrough("read group", CallFate.CallerDies);
        stage.Redis.Time -= 100_000;
        stage.Maintainer.Crash();
        stage.Settle();
    }

    /// <summary>Attack 12: what commits after the group has started is the group's.</summary>
    public static void GroupStartsNowBesideOpenOrder(Stage stage)
    {
        var open = stage.Open();
        stage.Write();
        var start = stage.World.Add(new NowStart(stage.World, "start of invoices", "invoices"));
        start.RunWhileItCan("never", mostSteps: 6);
        var hadStarted = start.HasFinished;
        open.RunToEnd();
        if (!start.HasFinished)
        {
            start.RunToEnd();
        }

        var doneThrough = stage.World.Primary.Groups.Read(new Transaction(stage.World.Primary)).Single(row => row.Group == "invoices").DoneThrough;
        Stage.Require(!hadStarted || doneThrough < 1, "a group gets every event that commits after its start");
    }
}
