using System.Collections.Concurrent;
using FanOut.Chaos.Load;
using FanOut.Chaos.Verifying;

namespace FanOut.Chaos;

/// <summary>What must hold after the faults so far, beside one effect for each accepted order.</summary>
internal sealed class Promises
{
    private readonly ConcurrentDictionary<(string Group, string Key), byte> _mustFail = new();
    private readonly ConcurrentDictionary<string, byte> _poison = new();
    private readonly ConcurrentDictionary<Guid, byte> _lostOrders = new();
    private readonly ConcurrentQueue<string> _broken = new();
    private readonly HashSet<string> _forgotten = [];
    private volatile bool _redisLostData;

    public void MustFail(string group, string key) => _mustFail[(group, key)] = 0;

    public void Poisoned(string entry) => _poison[entry] = 0;

    /// <summary>Records orders whose commits Postgres has lost in a failover: the database no longer has them, so nothing else may.</summary>
    public void PostgresHasLost(IEnumerable<Guid> orders)
    {
        foreach (var order in orders)
        {
            _lostOrders[order] = 0;
        }
    }

    public void Broken(string promise) => _broken.Enqueue(promise);

    /// <summary>Records that Redis loses data now.</summary>
    public void RedisLosesData() => _redisLostData = true;

    /// <summary>Ends a scenario. What Redis may have lost in it is no longer required.</summary>
    public void Conclude(Observation seen)
    {
        if (_redisLostData)
        {
            _redisLostData = false;
            var letters = seen.Groups.SelectMany(group => group.DeadLetters).Select(letter => letter.Entry);
            _forgotten.UnionWith([.. _poison.Keys, .. letters]);
        }
    }

    /// <summary>Returns the promises broken since the last call.</summary>
    public IReadOnlyList<Finding> TakeBroken()
    {
        var broken = new List<string>();
        while (_broken.TryDequeue(out var promise))
        {
            broken.Add(promise);
        }

        return broken.Count == 0 ? [] : [new Finding(FindingKind.Unexpected, "the fault's own checks", broken)];
    }

    public Expectation Expect(OrderClient client) => new()
    {
        Accepted = [.. client.Accepted.Where(order => !_lostOrders.ContainsKey(order.Id))],
        Unanswered = [.. client.Open],
        Refused = client.Refused,
        MustFail = _mustFail.Keys.ToHashSet(),
        Poison = [.. _poison.Keys],
        RedisLostData = _redisLostData,
        PostgresLostData = !_lostOrders.IsEmpty,
        Forgotten = _forgotten,
    };
}
