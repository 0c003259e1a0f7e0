using FanOut.Protocol.Tests.Actors;

namespace FanOut.Protocol.Tests.Model;

/// <summary>One random interleaving with random faults. The same seed gives the same run.</summary>
internal sealed class Exploration
{
    private const int Steps = 1_500;
    private const int MostEvents = 16;

    private readonly Random _random;
    private readonly World _world;
    private readonly Dictionary<Actor, double> _weights = [];
    private readonly (double Chance, string Name, Action Fault)[] _faults;
    private readonly bool _losesReplies;
    private int _written;
    private RedisServer _saved;

    public Exploration(Rules rules, int seed)
    {
        _random = new Random(seed);
        _world = new World(rules, "webhooks", "analytics");
        _saved = _world.Redis.Save();
        _losesReplies = Chance(0.6);
        var intensity = _random.Next(4) == 0 ? 4 : 1;
        AddActors();

        // Each run has only some kinds of faults, so that the promises for runs without a loss are tested as well.
        (double Chance, string Name, Action Fault)[] faults =
        [
            (0.004, "a process dies", () => Any().Crash()),
            (0.004, "a session ends", () => Any().Session?.End()),
            (0.01, "Redis saves", () => _saved = _world.Redis.Save()),
            (0.002, "Redis loses what it has not saved", LoseTailOfRedis),
            (0.0007, "Redis loses all", LoseAllOfRedis),
            (0.0007, "the stream is deleted", DeleteStream),
            (0.001, "Postgres fails over without its last commits", () => _world.FailOver(_random.Next(0, 8))),
            (0.004, "a foreign entry", AddForeignEntry),
            (0.001, "a foreign entry with the highest id", UseUpIds),
            (0.001, "Redis' clock goes back", () => _world.Redis.Time -= 100_000),
            (0.002, "somebody trims the stream", () => _world.Redis.Trim(_random.Next(0, 3))),
        ];
        _faults = [.. faults.Where(_ => Chance(0.35)).Select(fault => fault with { Chance = fault.Chance * intensity })];
    }

    public IEnumerable<string> Trace =>
        _world.Trace.Select(step => $"{step.Now} {step.Who}: {step.What}{(step.Fate == CallFate.Answered ? "" : $" ({step.Fate})")}");

    public void Run()
    {
        for (var step = 0; step < Steps; step++)
        {
            foreach (var (_, name, fault) in _faults.Where(fault => Chance(fault.Chance)))
            {
                _world.Note("FAULT", name);
                fault();
            }

            if (step % 100 == 0)
            {
                _world.Actors.ForEach(actor => _weights[actor] = _random.Next(5) switch { 0 => 0.02, 1 => 4, _ => 1 });
            }

            if (Chance(0.03) && _written < MostEvents)
            {
                AddWriter();
            }

            if (Chance(0.01))
            {
                _world.EndOrphans();
            }

            StepOne();
        }

        _world.Note("FAULT", "none any more");
        _world.Settle();
    }

    private void StepOne()
    {
        _world.Actors.RemoveAll(actor => actor.HasFinished);
        if (Chance(0.002) && _world.Actors.Find(actor => !actor.CanStep) is { } blocked)
        {
            blocked.TimeOut();
            return;
        }

        var ready = _world.Actors.Where(actor => actor.CanStep).ToArray();
        var at = _random.NextDouble() * ready.Sum(WeightOf);
        var chosen = ready.First(actor => (at -= WeightOf(actor)) <= 0 || actor == ready[^1]);
        chosen.Step(!_losesReplies || Chance(0.98) ? CallFate.Answered : (CallFate)_random.Next(1, 4));
    }

    private double WeightOf(Actor actor) => _weights.GetValueOrDefault(actor, 1);

    private void AddActors()
    {
        _world.Add(new Relay(_world, "relay 1"));
        _world.Add(new Relay(_world, "relay 2"));
        foreach (var group in _world.Groups)
        {
            _world.Add(new Lane(_world, $"{group} lane 1", group, "old", "new"));
            _world.Add(new Lane(_world, $"{group} lane 2, old version", group, "old"));
            _world.Add(new RetryWorker(_world, $"{group} retry 1", group, "old", "new"));
            _world.Add(new RetryWorker(_world, $"{group} retry 2, old version", group, "old"));
            _world.Add(new Reclaimer(_world, $"{group} reclaimer 1", group));
            _world.Add(new Reclaimer(_world, $"{group} reclaimer 2", group));
            _world.Add(new Reconciler(_world, $"{group} reconciler 1", group));
            _world.Add(new Reconciler(_world, $"{group} reconciler 2", group));
        }

        var prunes = Chance(0.5);
        _world.Add(new Maintainer(_world, "maintainer 1", prunes));
        _world.Add(new Maintainer(_world, "maintainer 2", prunes));
        _world.Add(new Operator(_world, "operator", redrives: _random.Next(3), deploysNewType: true));
    }

    private void AddWriter()
    {
        var behavior = _random.Next(12) switch
        {
            0 => Behavior.FailsOnceUntouched,
            1 => Behavior.FailsOnceTouched,
            2 => Behavior.AlwaysFails,
            3 => Behavior.IsRejected,
            4 => Behavior.KillsProcess,
            _ => Behavior.Succeeds,
        };
        _written++;
        _world.Add(new Writer(_world, $"writer {_written}", Chance(0.25) ? "new" : "old", behavior, rollsBack: Chance(0.15)));
    }

    private Actor Any()
    {
        var restartable = _world.Actors.Where(actor => actor is not Writer).ToArray();
        return restartable[_random.Next(restartable.Length)];
    }

    private void LoseTailOfRedis()
    {
        _world.HasRedisLoss = true;
        _world.Redis.Restore(_saved);
    }

    private void LoseAllOfRedis()
    {
        _world.HasRedisLoss = true;
        _world.Redis.FlushAll();
    }

    private void DeleteStream()
    {
        _world.HasStreamLoss = true;
        _world.Redis.DeleteStream();
    }

    /// <summary>A copy of a real entry, or a forgery that claims a position. On a stream without a state it makes the relay begin anew.</summary>
    private void AddForeignEntry()
    {
        var entries = _world.Redis.Entries;
        _world.HasStreamLoss |= _world.Redis.State is null;
        var (position, @event) = entries.Count > 0 && Chance(0.3)
            ? (entries[^1].Position, entries[^1].Event)
            : (_random.Next(1, MostEvents + 4), -_world.NextRun());
        try
        {
            _world.Redis.Add(position, @event, "old", Chance(0.3) ? new EntryId(_world.Redis.Time + _random.Next(50), 5) : null);
        }
        catch (ServerException)
        {
            // The id is below the last one.
        }
    }

    private void UseUpIds()
    {
        _world.HasStreamLoss = true;
        try
        {
            var id = Chance(0.5) ? EntryId.Max : EntryId.Max with { Number = long.MaxValue - 1 };
            _world.Redis.Add(_random.Next(1, MostEvents + 4), -_world.NextRun(), "old", id);
        }
        catch (ServerException)
        {
            // They are used up already.
        }
    }

    private bool Chance(double chance) => _random.NextDouble() < chance;
}
