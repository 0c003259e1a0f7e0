using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>
/// Makes sure that the Redis server can be trusted with events: a version that has what the scripts use, no eviction, persistence, and a user who may
/// do what the parts of this process need. A server that can't be trusted stops the start. One that is away does not, for orders are taken without
/// it: the check is made as soon as the server answers, and a failed check then stops the host.
/// </summary>
internal sealed partial class RedisServerCheck(
    IConnectionMultiplexer connection,
    IEnumerable<RedisAccess> parts,
    TimeProvider time,
    IHostApplicationLifetime lifetime,
    ILogger<RedisServerCheck> logger) : BackgroundService
{
    private static readonly EmbeddedScript CheckAccess = new("Redis.check_access.lua");
    private static readonly Version MinVersion = new(7, 0);
    private static readonly TimeSpan StartDelay = TimeSpan.FromSeconds(5);
    private bool _isChecked;
    private string _reason = "it does not answer";

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(StartDelay, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await UntilCheckedAsync(either.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            Log.StartsWithoutRedis(logger, _reason);
        }

        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await UntilCheckedAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped before the server answered.
        }
        catch (InvalidOperationException e)
        {
            Log.CannotBeTrusted(logger, e.Message);
            lifetime.StopApplication();
        }
    }

    private async Task UntilCheckedAsync(CancellationToken cancellationToken)
    {
        for (var backoff = new Backoff(time, TimeSpan.FromMilliseconds(250)); !_isChecked;)
        {
            try
            {
                if (await IsPrimaryAsync().WaitAsync(cancellationToken))
                {
                    _isChecked = true;
                    return;
                }

                _reason = "it is a replica; name its primary in the connection string, or the Sentinels with serviceName";
            }
            catch (Exception e) when (EnvironmentFault.Is(e))
            {
                _reason = EnvironmentFault.Describe(e);
            }

            await backoff.WaitAsync(cancellationToken);
        }
    }

    /// <returns>False for a replica, which may be promoted.</returns>
    /// <exception cref="InvalidOperationException">The server can't be trusted.</exception>
    private async Task<bool> IsPrimaryAsync()
    {
        var missing = await FindMissingAsync();
        if (missing.Count > 0)
        {
            var rules = string.Join(' ', missing);
            throw new InvalidOperationException(
                $"The Redis user may not do what this service needs. Missing in its access control list: {rules}. "
                + $"Allow it, as an administrator: ACL SETUSER <user> {rules}");
        }

        var info = await RedisInfo.ReadAsync(connection.GetDatabase(), "server", "memory", "persistence", "replication");
        if (FindFault(info) is { } fault)
        {
            throw new InvalidOperationException(fault);
        }

        var isPrimary = info.GetValueOrDefault("role", "master") == "master";
        if (isPrimary && info.GetValueOrDefault("aof_enabled") == "0")
        {
            Log.NoPersistence(logger);
        }

        return isPrimary;
    }

    /// <returns>The rules that the user's access control list lacks.</returns>
    private async Task<IReadOnlyCollection<string>> FindMissingAsync()
    {
        var (redis, subscriber, missing) = (connection.GetDatabase(), connection.GetSubscriber(), new SortedSet<string>(StringComparer.Ordinal));
        await AskAsync(redis.ExecuteAsync("SCRIPT", "LOAD", "return 1"), "+script|load");
        await AskAsync(redis.ExecuteAsync("EVALSHA", new string('0', 40), 0), "+evalsha");
        foreach (var part in parts)
        {
            var calls = CheckAccess.RunAsync(redis, [], [.. part.Calls.Select(call => (RedisValue)call)]);
            if (await AskAsync(calls, "+eval"))
            {
                missing.UnionWith(((RedisResult[])(await calls)!).Chunk(2).Select(pair => part.Rule(part.Calls[(int)pair[0] - 1], (string)pair[1]!)));
            }

            if (part.Subscribes && await AskAsync(subscriber.SubscribeAsync(StreamKeys.Wake(part.Stream), Ignore), "+subscribe", part.ChannelRule))
            {
                await AskAsync(subscriber.UnsubscribeAsync(StreamKeys.Wake(part.Stream), Ignore), "+unsubscribe");
            }
        }

        return missing;

        async Task<bool> AskAsync(Task call, string commandRule, string channelRule = "")
        {
            try
            {
                await call;
                return true;
            }
            catch (RedisServerException e) when (e.Message.StartsWith("NOPERM", StringComparison.Ordinal))
            {
                missing.Add(e.Message.Contains("channel", StringComparison.Ordinal) ? channelRule : commandRule);
                return false;
            }
            catch (RedisServerException e) when (e.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
            {
                return true;
            }
        }
    }

    private static void Ignore(RedisChannel channel, RedisValue message)
    {
    }

    /// <summary>Why events can't be trusted to a server that says this of itself; null where they can.</summary>
    internal static string? FindFault(IReadOnlyDictionary<string, string> info)
    {
        var version = info.GetValueOrDefault("redis_version", "");
        if (Version.TryParse(version, out var parsed) && parsed < MinVersion)
        {
            return $"The Redis server is version {version}; the event bus needs {MinVersion} or later. Upgrade the server.";
        }

        var policy = info.GetValueOrDefault("maxmemory_policy", "noeviction");
        return policy == "noeviction" ? null
            : $"The Redis server has maxmemory-policy '{policy}': when memory is full it would delete streams to make room. "
                + "Set 'maxmemory-policy noeviction' (CONFIG SET maxmemory-policy noeviction, and in redis.conf).";
    }

    private static partial class Log
    {
        [LoggerMessage(111, LogLevel.Warning,
            "Starting without Redis: {Reason}. It is tried again until it succeeds. Check ConnectionStrings, that the server runs, and that its "
            + "user may call PING and ECHO.")]
        public static partial void StartsWithoutRedis(ILogger logger, string reason);

        [LoggerMessage(112, LogLevel.Warning,
            "The Redis server has no append-only file: after a restart, events since its last snapshot come again, late. Set 'appendonly yes'.")]
        public static partial void NoPersistence(ILogger logger);

        [LoggerMessage(113, LogLevel.Critical, "Stopping: {Reason}")]
        public static partial void CannotBeTrusted(ILogger logger, string reason);
    }
}
