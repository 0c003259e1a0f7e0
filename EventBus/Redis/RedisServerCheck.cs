using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>
/// Before anything else runs, makes sure that the Redis server can be trusted with events: a version that has what the scripts use, no eviction, and persistence. While Redis is away the start waits and says so.
/// </summary>
internal sealed partial class RedisServerCheck(IConnectionMultiplexer connection, TimeProvider time, ILogger<RedisServerCheck> logger) : IHostedLifecycleService
{
    private static readonly Version LeastVersion = new(7, 0);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        for (var delay = FirstDelay; ; delay = delay < LongestDelay ? delay * 2 : LongestDelay)
        {
            try
            {
                Check(await ReadInfoAsync());
                return;
            }
            catch (RedisException e) when (e is not RedisServerException || e.Message.StartsWith("LOADING", StringComparison.Ordinal))
            {
                Log.RedisAway(logger, delay, e.Message);
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<Dictionary<string, string>> ReadInfoAsync()
    {
        // From a script, because the client refuses INFO of its own unless its connection allows every admin command.
        var text = (string?)await connection.GetDatabase().ScriptEvaluateAsync("return redis.call('INFO', 'server', 'memory', 'persistence')") ?? "";
        return text.Split('\n', StringSplitOptions.TrimEntries)
            .Select(line => line.Split(':', 2))
            .Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0], pair => pair[1])
            .ToDictionary(pairs => pairs.Key, pairs => pairs.First());
    }

    private void Check(Dictionary<string, string> info)
    {
        var version = info.GetValueOrDefault("redis_version", "");
        if (Version.TryParse(version, out var parsed) && parsed < LeastVersion)
        {
            throw new InvalidOperationException($"The Redis server is version {version}; the event bus needs {LeastVersion} or later. Upgrade the server.");
        }

        var policy = info.GetValueOrDefault("maxmemory_policy", "noeviction");
        if (policy != "noeviction")
        {
            throw new InvalidOperationException(
                $"The Redis server has maxmemory-policy '{policy}': when memory is full it would delete streams to make room. Set 'maxmemory-policy noeviction' (CONFIG SET maxmemory-policy noeviction, and in redis.conf).");
        }

        if (info.GetValueOrDefault("aof_enabled") == "0")
        {
            Log.NoPersistence(logger);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(111, LogLevel.Warning, "Redis cannot be used yet; trying again in {Delay}. {Reason}")]
        public static partial void RedisAway(ILogger logger, TimeSpan delay, string reason);

        [LoggerMessage(112, LogLevel.Warning, "The Redis server has no append-only file: a restart loses what was published since its last snapshot until it is published again from the outbox, and streams without an outbox lose it for good. Set 'appendonly yes'.")]
        public static partial void NoPersistence(ILogger logger);
    }
}
