using FanOut.Protocol.Tests.Actors;
using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Cases;

/// <summary>Scripted interleavings of relays and writers.</summary>
internal static class PublishingCases
{
    /// <summary>Attack 30.</summary>
    public static void PositionDrawnBeforeXid(Stage stage)
    {
        var slow = stage.Open();
        stage.Publish(1);
        stage.Relay.Run(8);
        stage.Reconciler.Run(12);
        slow.RunToEnd();
        stage.Settle();
    }

    /// <summary>Attack 2.</summary>
    public static void CauseCommitsLate(Stage stage)
    {
        var cause = stage.Open();
        stage.Publish(1);
        cause.RunToEnd();
        stage.Publish(1);
        stage.Settle();
    }

    /// <summary>pg_snapshot_xmax is one above the last transaction that ended, not above all that have an xid.</summary>
    public static void GapHeldByXidAboveSnapshot(Stage stage)
    {
        var early = stage.World.Add(new Writer(stage.World, "early", behavior: Behavior.Succeeds));
        early.RunUntil("draw position");
        early.Session!.Open!.AssignXid();
        var between = new Transaction(stage.World.Primary);
        between.AssignXid();
        var late = stage.Open();
        early.RunToEnd();
        stage.Relay.RunThrough("append");
        stage.World.Primary.End(between, commit: true);
        stage.Relay.Run(8);
        late.RunToEnd();
        stage.Publish(1);
        stage.Settle();
    }

    public static void RelayTakesOverWithOpenGap(Stage stage)
    {
        var open = stage.Open();
        stage.Publish(1);
        stage.Relay.Crash();
        stage.Relay.RunThrough("read state");
        open.RunToEnd();
        stage.Publish(1);
        stage.Settle();
    }

    public static void SecondRelayAppendsSameRows(Stage stage)
    {
        var second = stage.AddRelay();
        stage.Write();
        stage.Relay.RunUntil("append");
        second.RunThrough("append");
        stage.Relay.Run(8);
        stage.Settle();
    }

    /// <summary>Attack 1: the second relay reaches the same counter with other events.</summary>
    public static void RedisGoesBackUnderRelay(Stage stage)
    {
        stage.Publish(1);
        var saved = stage.Redis.Save();
        var late = stage.Open();
        stage.Write();
        stage.Write();
        stage.Relay.RunThrough("append");
        stage.Write();
        stage.Relay.RunUntil("append");
        late.RunToEnd();
        stage.World.HasRedisLoss = true;
        stage.Redis.Restore(saved);
        stage.AddRelay().RunThrough("append");
        stage.Relay.RunThrough("append");
        Invariants.CheckStream(stage.World);
        stage.Settle();
    }

    /// <summary>Attack 5: what was on the stream comes from the outbox.</summary>
    public static void StreamIsDeleted(Stage stage)
    {
        stage.Publish(2);
        stage.Relay.RunUntil("read outbox");
        stage.World.HasStreamLoss = true;
        stage.Redis.DeleteStream();
        stage.Redis.Add(2, -1, "old");
        stage.Write();
        stage.Settle();
    }

    public static void RelayDiesWhileAppending(Stage stage)
    {
        stage.Write();
        stage.Relay.RunUntil(stage.World.Rules.AppendWithState ? "append" : "append state");
        stage.Relay.Crash();
        stage.Settle();
    }

    /// <summary>Attack 3: the promoted standby hands out published positions again.</summary>
    public static void PostgresLosesPublishedEvents(Stage stage)
    {
        stage.Publish(3);
        stage.Lane.RunUntil("insert position");
        stage.World.FailOver(lost: 2);
        var again = new[] { stage.Write(), stage.Write() };
        stage.Relay.Run(60);
        Stage.Require(again.All(@event => stage.Redis.Appended.Exists(entry => entry.Event == @event)), "the new history is published");
        stage.Settle();
    }

    public static void StateEventIsPruned(Stage stage)
    {
        stage.Publish(1);
        stage.Settle();
        var pruning = stage.World.Add(new Maintainer(stage.World, "pruning maintainer", prunes: true));
        pruning.RunThrough("drop partition");
        stage.Relay.Crash();
        stage.Publish(1);
        stage.Settle();
    }

    /// <summary>Attack 32.</summary>
    public static void RelayStaysOnDemotedNode(Stage stage)
    {
        var old = stage.World.Primary;
        var demoted = stage.AddRelay();
        stage.Publish(1);
        stage.World.FailOver(lost: 0);
        demoted.Address = () => old;
        stage.Write();
        stage.Relay.RunThrough("append");
        demoted.Run(40);
        stage.Relay.Run(40);
        Stage.Require(stage.World.Remakes == 0, "a relay on a demoted node leaves the stream alone");
        stage.Settle();
    }

    /// <summary>Attack 6.</summary>
    public static void ForeignEntryUsesUpIds(Stage stage)
    {
        stage.Publish(1);
        stage.World.HasStreamLoss = true;
        stage.Redis.Add(7, -1, "old", EntryId.Max with { Number = long.MaxValue - 1 });
        stage.Write();
        stage.Write();
        stage.Settle();
    }

    /// <summary>More gaps are filled than one read returns.</summary>
    public static void MoreGapsAreFilledThanOneReadReturns(Stage stage)
    {
        var open = Enumerable.Range(0, 5).Select(_ => stage.Open()).ToList();
        stage.Publish(1);
        open.ForEach(writer => writer.RunToEnd());
        stage.Publish(1);
        stage.Relay.Run(12);
        stage.Publish(1);
        stage.Settle();
    }

    /// <summary>Attack 4: after a FLUSHALL the relay of another system was the first to claim the stream.</summary>
    public static void AnotherSystemClaimsStream(Stage stage) => LetAnotherSystemClaim(stage, failOvers: 0);

    /// <summary>As before, but this system has had a failover, and the other's generation is lower.</summary>
    public static void AnotherSystemClaimsStreamInLowerGeneration(Stage stage) => LetAnotherSystemClaim(stage, failOvers: 1);

    public static void TwoRelaysBeginStream(Stage stage)
    {
        var second = stage.AddRelay();
        stage.Write();
        stage.World.HasRedisLoss = true;
        stage.Redis.FlushAll();
        second.RunUntil("begin stream");
        stage.Relay.RunThrough("append");
        second.Run(20);
        Stage.Require(stage.Redis.Appended.Count == 1, "an event stands on the new stream once");
        stage.Settle();
    }

    private static void LetAnotherSystemClaim(Stage stage, int failOvers)
    {
        stage.Publish(1);
        for (var i = 0; i < failOvers; i++)
        {
            stage.World.FailOver(lost: 1);
            stage.Relay.RunThrough("commit new generation");
            stage.Relay.RunThrough("make stream anew");
        }

        stage.World.HasStreamLoss = true;
        stage.Redis.FlushAll();
        var other = new RelayState(Outbox: -1, Generation: 1, "other", Position: 7, Event: -7, []);
        stage.Redis.Begin(foundSeq: null, other, unlink: false);
        stage.Redis.Add(7, -7, "old");
        stage.Write();
        stage.Relay.Run(100);
        Stage.Require(stage.Redis.State == other, "the stream of another system is left alone");
    }
}
