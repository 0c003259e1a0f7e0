using FanOut.TestServers.Network;

namespace FanOut.Chaos.Scenarios;

/// <summary>Faults of the network between services and servers.</summary>
internal static class NetworkFaults
{
    private const Part Parts = Part.Redis | Part.Postgres | Part.Network;

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("network-cut", "connections of all services to Redis, then to Postgres, are reset and refused", Parts, CutAsync),
        new("network-half-open", "connections of one replica of each service to Redis, then to Postgres, stay open and lose all data",
            Parts | Part.Services, HalfOpenAsync),
        new("network-slow", "everything to and from Redis, then Postgres, is delayed", Parts, SlowAsync),
    ];

    private static async Task CutAsync(Fault fault, CancellationToken cancellationToken)
    {
        await FailAsync(fault, "cut", fault.System.Services, proxy => proxy.Cut(), fault.Time(6, 2), TimeSpan.Zero, cancellationToken);

        // Without Postgres no order can be accepted.
        await FailAsync(
            fault with { IsAlone = false }, "cut", fault.System.Services, proxy => proxy.Cut(), TimeSpan.Zero, fault.Time(6, 2), cancellationToken);
    }

    /// <summary>Hits the relay's leader, and one replica of each other service.</summary>
    private static async Task HalfOpenAsync(Fault fault, CancellationToken cancellationToken)
    {
        var leader = await fault.System.FindLeaderAsync(cancellationToken) ?? fault.Pick(ServiceKind.Api);
        ServiceReplica[] hit = [leader, .. ServiceKind.All.Where(kind => kind != ServiceKind.Api).Select(kind => fault.Pick(kind))];
        await FailAsync(fault, "half open", hit, proxy => proxy.HalfOpen(), fault.Time(10, 5), fault.Time(15, 5), cancellationToken);
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
