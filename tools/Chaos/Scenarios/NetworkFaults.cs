using FanOut.Chaos.Verifying;
using FanOut.TestServers.Network;

namespace FanOut.Chaos.Scenarios;

/// <summary>Faults of the network between services and servers.</summary>
internal static class NetworkFaults
{
    private const Part Parts = Part.Redis | Part.Postgres | Part.Network;

    /// <summary>Beside the time after which entries are reclaimed.</summary>
    private static readonly TimeSpan TakeOver = TimeSpan.FromSeconds(30);

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("network-cut", "connections of all services to Redis, then to Postgres, are reset and refused", Parts, CutAsync),
        new("network-half-open", "connections of one replica of each service to Redis, then to Postgres, stay open and lose all data",
            Parts | Part.Services, HalfOpenAsync),
        new("cut-off-from-redis", "one replica of each service reaches Postgres, but not Redis: others do its work meanwhile", Parts | Part.Services,
            (fault, token) => CutOffAsync(fault, "Redis", service => service.ToRedis, token)),
        new("cut-off-from-postgres", "one replica of each worker and the leading relay reach Redis, but not Postgres: others do their work meanwhile",
            Parts | Part.Services, (fault, token) => CutOffAsync(fault, "Postgres", service => service.ToPostgres, token)),
        new("network-slow", "everything to and from Redis, then Postgres, is delayed", Parts, SlowAsync),
    ];

    private static async Task CutAsync(Fault fault, CancellationToken cancellationToken)
    {
        await FailAsync(fault, "cut", fault.System.Services, proxy => proxy.Cut(), fault.Time(6, 2), TimeSpan.Zero, cancellationToken);

        // Without Postgres no order can be accepted.
        await FailAsync(
            fault with { IsAlone = false }, "cut", fault.System.Services, proxy => proxy.Cut(), TimeSpan.Zero, fault.Time(6, 2), cancellationToken);
    }

    private static async Task HalfOpenAsync(Fault fault, CancellationToken cancellationToken)
    {
        var hit = await PickAsync(fault, cancellationToken);
        await FailAsync(fault, "half open", hit, proxy => proxy.HalfOpen(), fault.Time(10, 5), fault.Time(15, 5), cancellationToken);
    }

    /// <summary>
    /// Cuts replicas off from one server only, first by refused connections, then by silent ones. What they have read, and what comes later, must
    /// take effect by the other replicas, while the network is broken.
    /// </summary>
    private static async Task CutOffAsync(Fault fault, string server, Func<ServiceReplica, TcpProxy> select, CancellationToken cancellationToken)
    {
        var observer = new Observer(fault.System);
        foreach (var (how, fail) in new (string, Action<TcpProxy>)[] { ("cut", proxy => proxy.Cut()), ("half open", proxy => proxy.HalfOpen()) })
        {
            var hit = await PickAsync(fault, cancellationToken);
            var proxies = hit.Select(select).ToArray();
            var after = await observer.PositionAsync(cancellationToken);
            await Fault.WaitAsync(fault.Time(2, 1), cancellationToken);
            Array.ForEach(proxies, fail);
            fault.Say($"the network to {server} is {how} for {Fault.Names(hit)}");
            try
            {
                await Fault.WaitAsync(fault.Time(5, 2), cancellationToken);
                var upTo = await observer.PositionAsync(cancellationToken);
                var begun = TimeProvider.System.GetTimestamp();
                var limit = QuickSettings.ReclaimAfter + TakeOver;
                if (await Until.HoldsAsync(async () => await observer.CountOpenAsync(after, upTo, cancellationToken) == 0, limit, cancellationToken))
                {
                    fault.Say($"others took over within {TimeProvider.System.GetElapsedTime(begun).TotalSeconds:0.0} s");
                }
                else if (fault.IsAlone)
                {
                    fault.Promises.Broken($"others did not take over within {limit} while {Fault.Names(hit)} could not reach {server} ({how})");
                }
            }
            finally
            {
                Array.ForEach(proxies, proxy => proxy.Heal());
                fault.Say($"the network to {server} is restored");
            }
        }
    }

    /// <summary>The replica whose relay leads, and one of each other service.</summary>
    private static async Task<ServiceReplica[]> PickAsync(Fault fault, CancellationToken cancellationToken)
    {
        var leader = await fault.System.FindLeaderAsync(cancellationToken) ?? fault.Pick(ServiceKind.Api);
        return [leader, .. ServiceKind.All.Where(kind => kind != ServiceKind.Api).Select(kind => fault.Pick(kind))];
    }

    private static Task SlowAsync(Fault fault, CancellationToken cancellationToken) => FailAsync(
        fault, "slow (100 ms each way)", fault.System.Services, proxy => proxy.Slow(TimeSpan.FromMilliseconds(100)),
        fault.Time(8, 3), fault.Time(8, 3), cancellationToken);

    /// <summary>Breaks the network to Redis for a time, then the network to Postgres.</summary>
    private static async Task FailAsync(
        Fault fault, string how, IReadOnlyCollection<ServiceReplica> services, Action<TcpProxy> fail, TimeSpan redis, TimeSpan postgres,
        CancellationToken cancellationToken)
    {
        var whose = services.Count == fault.System.Services.Count ? "all services" : Fault.Names(services);
        (string Server, TcpProxy[] Proxies, TimeSpan Time)[] networks =
        [
            ("Redis", [.. services.Select(service => service.ToRedis)], redis),
            ("Postgres", [.. services.Select(service => service.ToPostgres)], postgres),
        ];
        foreach (var (server, proxies, time) in networks.Where(network => network.Time > TimeSpan.Zero))
        {
            Array.ForEach(proxies, fail);
            fault.Say($"the network to {server} is {how} for {whose}");
            try
            {
                await fault.OrdersGoOnAsync(time, $"the network to {server} was {how}", cancellationToken);
            }
            finally
            {
                Array.ForEach(proxies, proxy => proxy.Heal());
                fault.Say($"the network to {server} is restored");
            }
        }
    }
}
