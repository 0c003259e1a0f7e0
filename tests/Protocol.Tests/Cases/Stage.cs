using FanOut.Protocol.Tests.Actors;
using FanOut.Protocol.Tests.Model;

namespace FanOut.Protocol.Tests.Cases;

/// <summary>One group with one process of each kind, for a scripted interleaving.</summary>
internal sealed class Stage
{
    private const string Group = "webhooks";
    private int _writers;

    public Stage(Rules rules)
    {
        World = new World(rules, Group);
        Relay = World.Add(new Relay(World, "relay"));
        Lane = World.Add(new Lane(World, "lane", Group, "old", "new"));
        Worker = World.Add(new RetryWorker(World, "retry worker", Group, "old", "new"));
        Reclaimer = World.Add(new Reclaimer(World, "reclaimer", Group));
        Reconciler = World.Add(new Reconciler(World, "reconciler", Group));
        Maintainer = World.Add(new Maintainer(World, "maintainer"));
        Operator = World.Add(new Operator(World, "operator"));
        Maintainer.RunThrough("create group");
        Relay.RunThrough("begin stream");
    }

    public World World { get; }

    public RedisServer Redis => World.Redis;

    public Relay Relay { get; }

    public Lane Lane { get; }

    public RetryWorker Worker { get; }

    public Reclaimer Reclaimer { get; }

    public Reconciler Reconciler { get; }

    public Maintainer Maintainer { get; }

    public Operator Operator { get; }

    public Relay AddRelay() => World.Add(new Relay(World, "second relay"));

    public Lane AddLane(string name, params string[] types) => World.Add(new Lane(World, name, Group, types));

    public RetryWorker AddWorker(string name, params string[] types) => World.Add(new RetryWorker(World, name, Group, types));

    /// <summary>A writer that has drawn its position and has not committed.</summary>
    public Writer Open(Behavior behavior = Behavior.Succeeds, string type = "old")
    {
        var writer = World.Add(new Writer(World, $"writer {++_writers}", type, behavior));
        writer.RunThrough("draw position");
        return writer;
    }

    /// <summary>Commits an event.</summary>
    public int Write(Behavior behavior = Behavior.Succeeds, string type = "old")
    {
        var writer = Open(behavior, type);
        writer.RunToEnd();
        return writer.Event;
    }

    /// <summary>Commits events and lets the relay append them.</summary>
    public void Publish(int events)
    {
        for (var i = 0; i < events; i++)
        {
            Write();
            Relay.RunThrough("append");
        }
    }

    /// <summary>Whatever waits for time to pass, waits no longer.</summary>
    public void LetTimePass(int ticks = World.Lease + 1)
    {
        for (var tick = 0; tick < ticks; tick++)
        {
            World.Tick();
        }
    }

    /// <summary>done_through rises over all that is taken, and the inbox is emptied.</summary>
    public void Raise()
    {
        Reconciler.RunThrough("raise");
        Reconciler.RunThrough("commit");
    }

    /// <summary>What the lane holds becomes a retry row, and a worker handles it.</summary>
    public void LetOthersHandle()
    {
        LetTimePass(World.ReclaimAfter);
        Reclaimer.RunThrough("acknowledge");
        Worker.RunThrough("effect");
        Worker.RunThrough("commit");
    }

    public void Settle() => World.Settle();

    public static void Require(bool holds, string promise)
    {
        if (!holds)
        {
            throw new ViolationException(promise);
        }
    }
}
