using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>
/// Makes sure that the Redis server can be trusted with events: a version that has what the scripts use, no eviction, and persistence. A server that
/// can't be trusted stops the start. One that is away does not, for orders are taken without it: the check is made as soon as the server answers, and
/// a failed check then stops the host.
/// </summary>
internal sealed partial class RedisServerCheck(
    IConnectionMultiplexer connection, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<RedisServerCheck> logger)
    : BackgroundService
{
    private static readonly Version MinVersion = new(7, 0);
    private static readonly TimeSpan StartDelay = TimeSpan.FromSeconds(5);
    private bool _isChecked;

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
            Log.StartsWithoutRedis(logger);
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
                Check(await RedisInfo.ReadAsync(connection.GetDatabase(), "server", "memory", "persistence").WaitAsync(cancellationToken));
                _isChecked = true;
            }
            catch (RedisServerException e) when (e.Message.Contains("NOPERM", StringComparison.Ordinal)
                || e.Message.Contains("can't run this command", StringComparison.Ordinal))
            {
                throw new InvalidOperationException(
                    "The Redis user may not run INFO in a script. Allow it: ACL SETUSER <user> +info +eval +evalsha.", e);
            }
            catch (Exception e) when (EnvironmentFault.Is(e))
            {
                await backoff.WaitAsync(cancellationToken);
            }
        }
    }

    private void Check(IReadOnlyDictionary<string, string> info)
    {
        var version = info.GetValueOrDefault("redis_version", "");
        if (Version.TryParse(version, out var parsed) && parsed < MinVersion)
        {
            throw new InvalidOperationException(
                $"The Redis server is version {version}; the event bus needs {MinVersion} or later. Upgrade the server.");
        }

        var policy = info.GetValueOrDefault("maxmemory_policy", "noeviction");
        if (policy != "noeviction")
        {
            throw new InvalidOperationException(
                $"The Redis server has maxmemory-policy '{policy}': when memory is full it would delete streams to make room. "
                + "Set 'maxmemory-policy noeviction' (CONFIG SET maxmemory-policy noeviction, and in redis.conf).");
        }

        if (info.GetValueOrDefault("aof_enabled") == "0")
        {
            Log.NoPersistence(logger);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(111, LogLevel.Warning, "Redis does not answer; starting without it. Check ConnectionStrings and that the server runs.")]
        public static partial void StartsWithoutRedis(ILogger logger);

        [LoggerMessage(112, LogLevel.Warning,
            "The Redis server has no append-only file: after a restart, events since its last snapshot come again, late. Set 'appendonly yes'.")]
        public static partial void NoPersistence(ILogger logger);

        [LoggerMessage(113, LogLevel.Critical, "Stopping: {Reason}")]
        public static partial void CannotBeTrusted(ILogger logger, string reason);
    }
}
