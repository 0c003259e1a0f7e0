using FanOut.TestServers.Network;

namespace FanOut.Chaos.Scenarios;

/// <summary>Redis is away, loses data, or is full.</summary>
internal static class RedisFaults
{
    private static readonly TimeSpan SyncTimeout = TimeSpan.FromSeconds(30);

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("redis-restart", "kill -9 of Redis, and a restart with its append-only file", Part.Redis, RestartAsync),
        new("redis-empty", "kill -9 of Redis, and a restart without its data", Part.Redis | Part.Reclaimer, RestartEmptyAsync),
        new("failover", "Redis dies and all services switch to a replica that lags behind", Part.Redis | Part.Reclaimer, FailOverAsync),
        new("redis-full", "Redis has reached maxmemory and refuses writes", Part.Redis, FillAsync),
    ];

    private static async Task RestartAsync(Fault fault, CancellationToken cancellationToken)
    {
        await fault.System.Redis.KillAsync();
        fault.Say("kill -9 redis");
        await fault.OrdersGoOnAsync(fault.Time(5, 2), "Redis was away", cancellationToken);
        await fault.System.Redis.RestartAsync(cancellationToken);
        fault.Say("redis started with its append-only file");
    }

    private static async Task RestartEmptyAsync(Fault fault, CancellationToken cancellationToken)
    {
        fault.Promises.RedisLosesData();
        await fault.WithProgressBehindAsync(() => fault.System.Redis.KillAsync(), cancellationToken);
        fault.Say("kill -9 redis");
        foreach (var folder in Directory.GetDirectories(fault.System.Redis.Directory))
        {
            Directory.Delete(folder, recursive: true);
        }

        foreach (var file in Directory.GetFiles(fault.System.Redis.Directory))
        {
            File.Delete(file);
        }

        await fault.OrdersGoOnAsync(fault.Time(3, 1), "Redis was away", cancellationToken);
        await fault.System.Redis.RestartAsync(cancellationToken);
        fault.Say("redis started empty");
    }

    private static async Task FailOverAsync(Fault fault, CancellationToken cancellationToken)
    {
        fault.Promises.RedisLosesData();
        var master = fault.System.Redis;
        await using var link = TcpProxy.Start(master.Port);
        var replica = await fault.System.StartReplicaAsync(cancellationToken);
        await using (var connection = await replica.ConnectAsync())
        {
            var server = connection.GetServer(connection.GetEndPoints()[0]);
            await server.ExecuteAsync("REPLICAOF", "127.0.0.1", link.Port);
            await Until.TrueAsync(
                async () => (await server.ExecuteAsync("INFO", "replication")).ToString().Contains("master_link_status:up", StringComparison.Ordinal),
                SyncTimeout,
                "the replica to follow",
                cancellationToken);
            fault.Say("a replica follows redis");

            link.HalfOpen();
            await Fault.WaitAsync(fault.Time(1, 0.5), cancellationToken);
            var behind = "";
            await fault.WithProgressBehindAsync(
                async () =>
                {
                    behind = await LastIdAsync(master);
                    await master.KillAsync();
                },
                cancellationToken);
            var has = await LastIdAsync(replica);
            fault.Say($"kill -9 redis, whose stream ended at {behind}; the replica's ends at {has}");
            await server.ExecuteAsync("REPLICAOF", "NO", "ONE");
        }

        fault.System.FailOverTo(replica);
        fault.Say("the replica is promoted, and all services switch to it");
    }

    private static async Task FillAsync(Fault fault, CancellationToken cancellationToken)
    {
        await fault.System.RedisAsync("CONFIG", "SET", "maxmemory", "1mb");
        fault.Say("redis refuses writes: maxmemory is 1 MB");
        try
        {
            await fault.OrdersGoOnAsync(fault.Time(8, 3), "Redis was full", cancellationToken);
        }
        finally
        {
            await fault.System.RedisAsync("CONFIG", "SET", "maxmemory", "0");
            fault.Say("redis has memory again");
        }
    }

    private static async Task<string> LastIdAsync(RedisServer redis)
    {
        await using var connection = await redis.ConnectAsync();
        var info = await connection.GetDatabase().StreamInfoAsync(StreamKeys.Stream(ChaosSystem.Stream), CommandFlags.PreferReplica);
        return info.LastGeneratedId.ToString();
    }
}
