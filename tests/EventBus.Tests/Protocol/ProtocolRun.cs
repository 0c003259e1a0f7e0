using FanOut.EventBus.Groups;
using FanOut.EventBus.Maintenance;
using FanOut.EventBus.Publishing;
using FanOut.TestServers;
using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>
/// One interleaving, made from a seed: who goes on, how far, and what goes wrong in between. Lanes, retry workers, relays and reclaimers are the real
/// ones, and each stands still between two calls to Redis or Postgres until it is its turn.
/// </summary>
internal sealed class ProtocolRun : IAsyncDisposable
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(60);
    private readonly Random _seeds;
    private readonly ProtocolWorld _world;
    private readonly ProtocolWriters _writers;
    private readonly List<WorkerActor> _workers = [];
    private readonly List<HostedActor> _relays = [];
    private readonly List<HostedActor> _reclaimers = [];
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
        foreach (var group in run._world.Groups)
        {
            run.StartWorker(group, isLane: true, isOld: true);
            run.StartWorker(group, isLane: true, isOld: false);
            run.StartWorker(group, isLane: false, isOld: true);
            run.StartWorker(group, isLane: false, isOld: false);
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
            case < 40:
                var worker = Pick(_workers);
                await Do($"{worker.Name} goes on", () => worker.TurnAsync(_random.Next(1, 9)));
                break;
            case < 54:
                var relay = Pick(_relays);
                await Do($"{relay.Name} goes on", () => relay.TurnAsync(_random.Next(1, 9)));
                break;
            case < 62:
                var reclaimer = Pick(_reclaimers);
                await Do($"{reclaimer.Name} goes on", () => reclaimer.TurnAsync(_random.Next(1, 40)));
                break;
            case < 70:
                await Do("a writer begins", () => _writers.BeginAsync(_random.Next(1, 5)));
                break;
            case < 79 when _writers.Open > 0:
                await WriteAsync(_random.Next(_writers.Open));
                break;
            case < 84:
                await Do("time passes", () => PassTimeAsync(endsClaims: _random.Next(3) == 0));
                break;
            case < 88:
                await StumbleAsync();
                break;
            case < 92:
                await KillAsync();
                break;
            case 92:
                await OperateAsync();
                break;
            case 93:
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

    private Task WriteAsync(int index) => _random.Next(5) switch
    {
        0 => Do("a writer rolls back", () => _writers.EndAsync(index, commit: false)),
        1 => Do("a writer adds more", () => _writers.AddAsync(index, _random.Next(1, 4))),
        _ => Do("a writer commits", () => _writers.EndAsync(index, commit: true)),
    };

    private async Task StumbleAsync()
    {
        var actor = Pick<GatedActor>([.. _workers, .. _relays, .. _reclaimers]);
        var fate = _random.Next(2) == 0 ? CallFate.Refused : CallFate.ReplyLost;
        await Do($"{actor.Name}: {fate}", () => actor.StumbleAsync(fate));
    }

    private async Task KillAsync()
    {
        var afterCall = _random.Next(2) == 0;
        switch (_random.Next(6))
        {
            case < 3:
                var worker = Pick(_workers);
                _workers.Remove(worker);
                if (_random.Next(4) == 0)
                {
                    _history.Add($"{worker.Name} is told to stop");
                    worker.Stop();
                    await worker.TurnAsync(_random.Next(20));
                }

                await Do($"{worker.Name} is killed", () => worker.KillAsync(afterCall));
                StartWorker(worker.Group, worker.IsLane, worker.IsOld);
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
        var group = Pick(ProtocolWorld.GroupNames);
        switch (_random.Next(10))
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
                await Do("all sessions end", () => _world.ExecuteAsync(
                    $"""
                    select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
                    and backend_type = 'client backend' and application_name not in ('', '{ProtocolWriters.SessionName}')
                    """));
                break;
            case 6:
                await Do("a foreign entry is added", () => redis.StreamAddAsync(_world.Key, "nonsense", "1"));
                break;
            case 7:
                await Do("a forged event is added", () => redis.StreamAddAsync(
                    _world.Key, BusWorld.Fields(new TestEvent(_random.Next(1, 40), Guid.NewGuid(), Ping.EventType, 1))));
                break;
            case 8:
                await Do("a foreign entry with a huge id is added", () => redis.StreamAddAsync(
                    _world.Key, "nonsense", "1",
                        _random.Next(3) == 0 ? $"{ulong.MaxValue}-{ulong.MaxValue - 1}" : $"{1L << 60}-{_random.Next(1, 1000)}"));
                break;
            case 9:
                await Do("a consumer is deleted by hand", () => redis.ExecuteAsync(
                    "XGROUP", "DELCONSUMER", _world.Key, group.Value, Pick(_workers).Name));
                break;
        }
    }

    /// <summary>
    /// So much time that what waits is due, and what is pending is idle; and, where <paramref name="endsClaims"/>, that claims have ended.
    /// </summary>
    private async Task PassTimeAsync(bool endsClaims)
    {
        await _world.ExecuteAsync(
            $"""
            update bus.retry set due_at = clock_timestamp() - interval '1 second' where number in (
                select number from bus.retry where state = 'waiting' and (claim is null or {endsClaims}) for update skip locked)
            """);
        foreach (var group in ProtocolWorld.GroupNames)
        {
            try
            {
                foreach (var pending in await _world.Redis.StreamPendingMessagesAsync(_world.Key, group.Value, 1_000, RedisValue.Null))
                {
                    await _world.Redis.ExecuteAsync(
                        "XCLAIM", _world.Key, group.Value, pending.ConsumerName, 0, pending.MessageId,
                        "IDLE", (long)ProtocolWorld.Options.ReclaimAfter.TotalMilliseconds + 1, "JUSTID");
                }
            }
            catch (RedisServerException)
            {
                // Redis has lost the group.
            }
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
        using var deadline = new CancellationTokenSource(DrainTimeout);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (string? unfinished; (unfinished = await _world.FindUnfinishedAsync()) is not null;)
        {
            Assert.False(deadline.IsCancellationRequested, $"Waited {DrainTimeout} in vain for {unfinished}");
            await PassTimeAsync(endsClaims: true);
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

    private void StartWorker(RegisteredGroup group, bool isLane, bool isOld) => _workers.Add(Start(new WorkerActor(
        _world, group, $"{(isLane ? "lane" : "retries")}-{(isOld ? "old" : "new")}-{group.Name}-{++_actors}", isLane, isOld)));

    private void StartRelay() => _relays.Add(Start(new HostedActor(
        _world,
        $"relay-{++_actors}",
        stream => stream.AddOutbox(options =>
        {
            options.BatchSize = 6;
            options.PollInterval = TimeSpan.FromMilliseconds(10);
            options.MaxBackoff = TimeSpan.FromMilliseconds(50);
        }),
        services =>
        [
            services.GetRequiredKeyedService<OutboxStart>(_world.Stream.Value), services.GetRequiredKeyedService<Relay>(_world.Stream.Value),
        ],
        new QuickTime(2))));

    private void StartReclaimer() => _reclaimers.Add(Start(new HostedActor(
        _world,
        $"reclaimer-{++_actors}",
        stream => stream.AddReclaimer(),
        services => [services.GetRequiredKeyedService<ReclaimerService>(_world.Stream.Value)],
        ProtocolWorld.Time)));

    private T Start<T>(T actor)
        where T : GatedActor
    {
        _all.Add(actor);
        actor.Start();
        return actor;
    }
}
