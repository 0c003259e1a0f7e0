namespace FanOut.Protocol.Tests.Model;

/// <summary>Both servers, the processes, and what the invariants have to know.</summary>
internal sealed class World
{
    public const int MaxDeliveries = 3;
    public const int ReclaimAfter = 300;
    public const int Lease = 400;
    public const int RetryDelay = 50;

    private RelayState? _checked;
    private int _lastEvent;
    private int _lastRun;

    public World(Rules rules, params string[] groups)
    {
        Rules = rules;
        Groups = groups;
        Redis = new RedisServer(rules);
        var setUp = new Transaction(Primary);
        Primary.Streams.Insert(setUp, new StreamRow(Generation: 1, Outbox: NextRun(), Earlier: []));
        foreach (var group in groups)
        {
            Primary.Groups.Insert(setUp, new GroupRow(group, DoneThrough: 0));
            Primary.Subscriptions.Insert(setUp, new Subscription(group, "old"));
        }

        Primary.End(setUp, commit: true);
    }

    public Rules Rules { get; }

    public IReadOnlyList<string> Groups { get; }

    public Node Primary { get; private set; } = new();

    public RedisServer Redis { get; }

    /// <summary>The monotonic clock of every process, and Postgres' clock. Redis has its own.</summary>
    public long Now { get; private set; }

    public List<Actor> Actors { get; } = [];

    /// <summary>Sessions whose client is gone; the server has not noticed yet.</summary>
    public List<Session> Orphans { get; } = [];

    public Dictionary<int, EventFacts> Events { get; } = [];

    /// <summary>How often a group's handler was called with an event.</summary>
    public Dictionary<(string Group, int Event), int> Tried { get; } = [];

    /// <summary>Claims of one row whose end nobody has recorded: the handler succeeded, or the process died with it.</summary>
    public Dictionary<(string Group, int Event), int> LoneClaims { get; } = [];

    /// <summary>Redis lost something, or a foreign entry used up its ids.</summary>
    public bool HasRedisLoss { get; set; }

    public bool HasPostgresLoss { get; set; }

    /// <summary>Somebody deleted the stream, or replaced what was in it.</summary>
    public bool HasStreamLoss { get; set; }

    /// <summary>A relay found the state of a later generation, or of another outbox. It waits until a person has confirmed that it is ours.</summary>
    public RelayState? Unconfirmed { get; set; }

    public int Remakes { get; set; }

    /// <summary>Every step and fault so far, to find the cause of a violation.</summary>
    public List<(long Now, string Who, string What, CallFate Fate)> Trace { get; } = [];

    public T Add<T>(T actor)
        where T : Actor
    {
        Actors.Add(actor);
        actor.Start();
        return actor;
    }

    public void Note(string who, string what, CallFate fate = CallFate.Answered) => Trace.Add((Now, who, what, fate));

    public void Tick()
    {
        Now++;
        Redis.Time++;
        if (!ReferenceEquals(_checked, Redis.State))
        {
            _checked = Redis.State;
            Invariants.CheckStream(this);
        }
    }

    public int NextEvent() => ++_lastEvent;

    /// <summary>A number that is never used twice.</summary>
    public int NextRun() => ++_lastRun;

    public void FailOver(int lost)
    {
        HasPostgresLoss = true;
        Primary = Primary.FailOver(lost);
        foreach (var session in Actors.Where(actor => actor.Session?.Node != Primary).Select(actor => actor.Session).Concat(Orphans))
        {
            session?.End();
        }

        Orphans.Clear();
    }

    public void EndOrphans()
    {
        Orphans.ForEach(session => session.End());
        Orphans.Clear();
    }

    /// <summary>Calls the handler of <paramref name="group"/>.</summary>
    public Outcome Handle(string group, int @event)
    {
        var times = Tried[(group, @event)] = Tried.GetValueOrDefault((group, @event)) + 1;
        return (Events.TryGetValue(@event, out var facts) ? facts.Behavior : Behavior.Succeeds) switch
        {
            Behavior.FailsOnceUntouched when times == 1 => Outcome.Failed,
            Behavior.FailsOnceTouched when times == 1 => Outcome.FailedTouched,
            Behavior.AlwaysFails => times % 2 == 0 ? Outcome.Failed : Outcome.FailedTouched,
            Behavior.IsRejected => Outcome.Rejected,
            Behavior.KillsProcess => throw new ProcessKilledException(),
            _ => Outcome.Done,
        };
    }

    /// <summary>Whether <paramref name="waiting"/> would wait for itself.</summary>
    public bool IsDeadlock(Actor waiting, long xid)
    {
        var own = waiting.Session?.Open?.Xid ?? 0;
        for (var depth = 0; depth < Actors.Count && xid != 0; depth++)
        {
            if (xid == own)
            {
                return true;
            }

            xid = Actors.Find(actor => actor.Session?.Node == waiting.Session?.Node && actor.Session?.Open?.Xid == xid) is { CanStep: false } holder
                ? holder.Pending?.BlockedBy ?? 0
                : 0;
        }

        return false;
    }
}

internal enum Outcome
{
    Done,

    /// <summary>The handler failed before it touched the connection.</summary>
    Failed,

    /// <summary>The handler failed after it touched the connection: the transaction cannot be kept.</summary>
    FailedTouched,

    Rejected,
}
