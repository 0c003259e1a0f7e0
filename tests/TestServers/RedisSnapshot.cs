using StackExchange.Redis;

namespace FanOut.TestServers;

/// <summary>
/// All that Redis held at one moment: what a failover to a replica that lags, or a lost tail of the append-only file, goes back to.
/// </summary>
public sealed class RedisSnapshot
{
    private readonly Dictionary<RedisKey, byte[]> _keys = [];

    public static async Task<RedisSnapshot> TakeAsync(IDatabase redis)
    {
        var snapshot = new RedisSnapshot();
        foreach (var key in (RedisKey[])(await redis.ExecuteAsync("KEYS", "*"))!)
        {
            snapshot._keys[key] = (await redis.KeyDumpAsync(key))!;
        }

        return snapshot;
    }

    /// <summary>At once: no client sees or changes a part of it.</summary>
    public async Task RestoreAsync(IDatabase redis)
    {
        var transaction = redis.CreateTransaction();
        var commands = _keys.Select(entry => transaction.KeyRestoreAsync(entry.Key, entry.Value))
            .Prepend(transaction.ExecuteAsync("FLUSHALL"))
            .ToArray();
        await transaction.ExecuteAsync();
        await Task.WhenAll(commands);
    }
}
