using FanOut.EventBus.Publishing;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Retention;
using FanOut.TestServers;
using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>
/// One interleaving, made from a seed: who goes on, how far, and what goes wrong in between. Lanes, relays and reclaimers are the real ones, and each stands still between two calls to Redis (or in the middle of a
/// transaction) until it is its turn.
/// </summary>
internal sealed class ProtocolRun : IAsyncDisposable
{
    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StandbyPatience = TimeSpan.FromMilliseconds(5);
    private readonly Random _seeds;
    private readonly ProtocolWorld _world;
    private readonly ProtocolWriters _writers;
    private readonly List<LaneActor> _lanes = [];
    private readonly List<HostedActor<Relay>> _relays = [];
    private readonly List<HostedActor<Reclaimer>> _reclaimers = [];
    private readonly List<GatedActor> _all = [];
    private readonly List<string> _history = [];
    private RedisSnapshot? _snapshot;
    private OperatorActor? _operator;
    private Random _random;
    private int _actors;

    private ProtocolRun(ProtocolWorld world, int seed)
    {
        _world = world;
        _writers = new(world);
        _seeds = new Random(seed);
        _random = _seeds;
    }

    /// <summary>What was done, in order.</summary>
    public IReadOnlyList<string> History => _history;

    public static async Task<ProtocolRun> CreateAsync(ConnectionMultiplexer redis, int seed)
    {
        var run = new ProtocolRun(await ProtocolWorld.CreateAsync(redis), seed);
        foreach (var group in ProtocolWorld.Groups)
        {
            run.StartLane(group);
            run.StartLane(group);
        }

        run.StartRelay();
        run.StartRelay();
        run.StartReclaimer();
        run.StartReclaimer();
        return run;
    }

    /// <summary>Takes so many steps, then lets everybody work in peace, and looks at what came of it.</summary>
    public async Task RunAsync(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            // Of each step's own, so that a moment's difference in one does not change all that follow.
            _random = new Random(_seeds.Next());
            await StepAsync();
        }

        await HealAsync();
        await DrainAsync();
        Assert.All(_relays, relay => Assert.NotEqual(RelayState.Stopped, StatusOf(relay).State));
        await StopAsync();
        await _world.AssertAllAsync(_writers.Committed);
    }

    public async ValueTask DisposeAsync()
    {
        await _writers.DisposeAsync();
        await StopAsync();
        await _world.DisposeAsync();
    }

    private async Task StopAsync()
    {
        while (_all.Count > 0)
        {
            var actor = _all[^1];
            _all.RemoveAt(_all.Count - 1);
            await actor.DisposeAsync();
        }
    }

    private async Task StepAsync()
    {
        switch (_random.Next(100))
        {
            case < 36:
                var lane = Pick(_lanes);
                await Do($"{lane.Name} goes on", () => lane.TurnAsync(_random.Next(1, 9)));
                break;
            case < 50:
                var relay = Pick(_relays);
                await Do($"{relay.Name} goes on", () => relay.TurnAsync(_random.Next(1, 7), StatusOf(relay).State == RelayState.Standby ? StandbyPatience : null));
                break;
            case < 60:
                var reclaimer = Pick(_reclaimers);
                await Do($"{reclaimer.Name} goes on", () => reclaimer.TurnAsync(_random.Next(1, 40)));
                break;
            case < 68:
                await Do("a writer begins", () => _writers.BeginAsync(_random.Next(1, 6)));
                break;
            case < 78 when _writers.Open > 0:
                var index = _random.Next(_writers.Open);
                switch (_random.Next(5))
                {
                    case 0:
                        await Do("a writer rolls back", () => _writers.EndAsync(index, commit: false));
                        break;
                    case 1:
                        await Do("a writer adds more", () => _writers.AddAsync(index, _random.Next(1, 4)));
                        break;
                    default:
                        await Do("a writer commits", () => _writers.EndAsync(index, commit: true));
                        break;
                }

                break;
            case < 82:
                Pick(_lanes).Beat();
                break;
            case < 86:
                await Do("time passes", () => PassTimeAsync(stalled: _random.Next(3) == 0 ? Pick(_lanes) : null));
                break;
            case < 89:
                await StumbleAsync();
                break;
            case < 93:
                await KillAsync();
                break;
            case 93:
                await OperateAsync();
                break;
            case 94:
                _snapshot = await RedisSnapshot.TakeAsync(_world.Redis);
                _history.Add("a replica is up to date");
                break;
            case < 98:
                await HarmAsync();
                break;
            default:
                if (_operator is { } somebody)
                {
                    await Do($"{somebody.Name} goes on", () => somebody.TurnAsync(_random.Next(1, 6)));
                }

                break;
        }
    }

    private async Task StumbleAsync()
    {
        var actor = Pick<GatedActor>([.. _lanes, .. _relays, .. _reclaimers]);
        var fate = _random.Next(2) == 0 ? CallFate.Refused : CallFate.ReplyLost;
        await Do($"{actor.Name}: {fate}", () => actor.StumbleAsync(fate));
    }

    private async Task KillAsync()
    {
        var afterCall = _random.Next(2) == 0;
        switch (_random.Next(6))
        {
            case < 3:
                var lane = Pick(_lanes);
                _lanes.Remove(lane);
                if (_random.Next(4) == 0)
                {
                    _history.Add($"{lane.Name} is told to stop");
                    lane.Stop();
                    await lane.TurnAsync(_random.Next(20));
                }

                await Do($"{lane.Name} is killed", () => lane.KillAsync(afterCall));
                StartLane(lane.Group);
                break;
            case 3 or 4:
                var relay = Pick(_relays);
                _relays.Remove(relay);
                await Do($"{relay.Name} is killed", () => relay.KillAsync(afterCall));
                StartRelay();
                break;
            default:
                var reclaimer = Pick(_reclaimers);
                _reclaimers.Remove(reclaimer);
                await Do($"{reclaimer.Name} is killed", () => reclaimer.KillAsync(afterCall));
                StartReclaimer();
                break;
        }
    }

    private async Task OperateAsync()
    {
        if (_operator is { HasEnded: false } somebody)
        {
            await Do($"{somebody.Name} is killed", () => somebody.KillAsync(_random.Next(2) == 0));
        }

        _world.Faults.AreRepaired = true;
        _operator = Start(new OperatorActor(_world, $"operator-{++_actors}"));
        await Do($"{_operator.Name} redrives", () => _operator.TurnAsync(_random.Next(1, 6)));
    }

    private async Task HarmAsync()
    {
        var redis = _world.Redis;
        var group = Pick(ProtocolWorld.Groups);
        switch (_random.Next(9))
        {
            case 0:
                await Do("Redis is emptied", () => redis.ExecuteAsync("FLUSHALL"));
                break;
            case 1:
                await Do("the stream is deleted", () => redis.KeyDeleteAsync(_world.Key));
                break;
            case 2 when _snapshot is { } snapshot:
                await Do("the replica takes over", () => snapshot.RestoreAsync(redis));
                break;
            case 3:
                await Do($"group {group} is destroyed", () => redis.ExecuteAsync("XGROUP", "DESTROY", _world.Key, group.Value));
                break;
            case 4:
                var entries = await redis.StreamRangeAsync(_world.Key);
                var some = entries.Where(_ => _random.Next(4) == 0).Select(entry => entry.Id).ToArray();
                if (some.Length > 0)
                {
                    await Do($"{some.Length} entries are deleted", () => redis.StreamDeleteAsync(_world.Key, some));
                }

                break;
            case 5:
                await Do("the relays' sessions end", () => EndSessionsAsync("application_name = 'fanout-relay'"));
                break;
            case 6:
                await Do("all sessions end", () => EndSessionsAsync($"application_name not in ('', '{ProtocolWriters.SessionName}')"));
                break;
            case 7:
                await Do("a foreign entry is added", () => redis.StreamAddAsync(_world.Key, "nonsense", "1"));
                break;
            case 8:
                await Do("a consumer is deleted by hand", () => redis.ExecuteAsync("XGROUP", "DELCONSUMER", _world.Key, group.Value, Pick(_lanes).Name));
                break;
        }
    }

    private Task EndSessionsAsync(string which)
        => _world.ExecuteAsync($"select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' and {which}");

    /// <summary>So much time that whatever nobody renews is due: what is parked, what dead lanes left, and what a stalled one holds.</summary>
    private async Task PassTimeAsync(LaneActor? stalled)
    {
        var alive = _lanes.Where(lane => lane != stalled).Select(lane => (RedisValue)lane.Name).ToHashSet();
        foreach (var group in ProtocolWorld.Groups)
        {
            var lanes = StreamKeys.Lanes(_world.Stream, group);
            foreach (var name in await _world.Redis.SortedSetRangeByRankAsync(lanes))
            {
                if (!alive.Contains(name))
                {
                    await _world.Redis.SortedSetRemoveAsync(lanes, name);
                }
            }

            await MakeDueAsync(_world.Key, group, alive);
            await MakeDueAsync(StreamKeys.Redrive(_world.Stream, group), group, alive);
        }
    }

    private async Task MakeDueAsync(RedisKey key, GroupName group, HashSet<RedisValue> alive)
    {
        try
        {
            foreach (var pending in await _world.Redis.StreamPendingMessagesAsync(key, group.Value, 1_000, RedisValue.Null))
            {
                if (!alive.Contains(pending.ConsumerName))
                {
                    await _world.Redis.ExecuteAsync("XCLAIM", key, group.Value, pending.ConsumerName, 0, pending.MessageId, "IDLE", (long)ProtocolWorld.Options.ReclaimAfter.TotalMilliseconds, "JUSTID");
                }
            }
        }
        catch (RedisServerException)
        {
            // Redis has lost the group.
        }
    }

    private async Task HealAsync()
    {
        _history.Add("everything is well again");
        _world.Faults.AreHealed = true;
        while (_writers.Open > 0)
        {
            await _writers.EndAsync(0, commit: true);
        }

        _all.ForEach(actor => actor.Gate.Open());
    }

    private async Task DrainAsync()
    {
        using var deadline = new CancellationTokenSource(DrainPatience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var rounds = 0;
        for (string? unfinished; (unfinished = await _world.FindUnfinishedAsync()) is not null; rounds++)
        {
            Assert.False(deadline.IsCancellationRequested, $"Waited {DrainPatience} in vain for {unfinished}");

            // What was deleted from the end of the stream is found out once the outbox has gone on.
            if (rounds % 20 == 10)
            {
                await _writers.BeginAsync(1);
                await _writers.EndAsync(0, commit: true);
            }

            _lanes.ForEach(lane => lane.Beat());
            await PassTimeAsync(stalled: null);
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>What Redis refuses, because it has lost what the step is about, is a step that does nothing.</summary>
    private async Task Do(string what, Func<Task> step)
    {
        _history.Add(what);
        try
        {
            await step();
        }
        catch (RedisServerException)
        {
            _history.Add("... in vain");
        }
    }

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    private void StartLane(GroupName group) => _lanes.Add(Start(new LaneActor(_world, group, $"lane-{group}-{++_actors}")));

    private void StartRelay() => _relays.Add(Start(new HostedActor<Relay>(
        _world,
        $"relay-{++_actors}",
        bus => bus.AddOutbox(options =>
        {
            options.BatchSize = 6;
            options.PollInterval = TimeSpan.FromMilliseconds(10);
            options.StandbyInterval = TimeSpan.FromMilliseconds(20);
            options.CheckInterval = TimeSpan.FromMilliseconds(10);
            options.MaxBackoff = TimeSpan.FromMilliseconds(50);
        }),
        TimeProvider.System)));

    private void StartReclaimer() => _reclaimers.Add(Start(new HostedActor<Reclaimer>(
        _world,
        $"reclaimer-{++_actors}",
        bus =>
        {
            bus.AddReclaimer(options =>
            {
                options.Interval = TimeSpan.FromMilliseconds(50);
                options.CompactInterval = TimeSpan.FromSeconds(1);
                options.LedgerInterval = TimeSpan.FromSeconds(1);
            });
            bus.Services.Configure<RetentionOptions>(options =>
            {
                options.Interval = TimeSpan.FromMilliseconds(100);
                options.KeepFor = TimeSpan.Zero;
            });
        },
        ProtocolWorld.Time)));

    private static RelayStatus StatusOf(HostedActor<Relay> relay) => relay.Services.GetRequiredService<RelayStatus>();

    private T Start<T>(T actor)
        where T : GatedActor
    {
        _all.Add(actor);
        actor.Start();
        return actor;
    }
}
