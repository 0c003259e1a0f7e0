using FanOut.Chaos.Network;
using FanOut.Chaos.Running;

namespace FanOut.Chaos.Scenarios;

/// <summary>The network between services and servers fails.</summary>
internal static class NetworkFaults
{
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("network-cut", "connections to Redis are reset and refused, for all services; then those to Postgres", Part.Redis | Part.Postgres | Part.Network, CutAsync),
        new("network-half-open", "connections to Redis, then those to Postgres, stay open and carry nothing, for one replica of each service and the relay's leader", Part.Services | Part.Redis | Part.Postgres | Part.Network, HalfOpenAsync),
        new("network-slow", "everything to and from Redis, then Postgres, arrives late", Part.Redis | Part.Postgres | Part.Network, SlowAsync),
    ];

    private static async Task CutAsync(Fault fault, CancellationToken cancellationToken)
    {
        await WhileAsync(fault, "cut", "Redis", fault.System.Services, service => service.ToRedis, proxy => proxy.Cut(), () => fault.OrdersGoOnAsync(fault.Time(6, 2), "the network to Redis was cut", cancellationToken));
        await WhileAsync(fault, "cut", "Postgres", fault.System.Services, service => service.ToPostgres, proxy => proxy.Cut(), () => Fault.WaitAsync(fault.Time(6, 2), cancellationToken));
    }

    private static async Task HalfOpenAsync(Fault fault, CancellationToken cancellationToken)
    {
        var leader = await fault.System.FindLeaderAsync(cancellationToken) ?? fault.Pick(ServiceKind.Api);
        ServiceReplica[] hit = [leader, .. ServiceKind.All.Where(kind => kind != ServiceKind.Api).Select(kind => fault.Pick(kind))];
        await WhileAsync(fault, "half open", "Redis", hit, service => service.ToRedis, proxy => proxy.HalfOpen(), () => fault.OrdersGoOnAsync(fault.Time(10, 5), "connections to Redis were half open", cancellationToken));
        await WhileAsync(fault, "half open", "Postgres", hit, service => service.ToPostgres, proxy => proxy.HalfOpen(), () => fault.OrdersGoOnAsync(fault.Time(15, 5), "connections of some to Postgres were half open", cancellationToken));
    }

    private static async Task SlowAsync(Fault fault, CancellationToken cancellationToken)
    {
        var delay = TimeSpan.FromMilliseconds(100);
        await WhileAsync(fault, "slow (100 ms each way)", "Redis", fault.System.Services, service => service.ToRedis, proxy => proxy.Slow(delay), () => fault.OrdersGoOnAsync(fault.Time(8, 3), "the network to Redis was slow", cancellationToken));
        await WhileAsync(fault, "slow (100 ms each way)", "Postgres", fault.System.Services, service => service.ToPostgres, proxy => proxy.Slow(delay), () => fault.OrdersGoOnAsync(fault.Time(8, 3), "the network to Postgres was slow", cancellationToken));
    }

    private static async Task WhileAsync(
        Fault fault, string how, string server, IReadOnlyCollection<ServiceReplica> services, Func<ServiceReplica, TcpProxy> choose, Action<TcpProxy> fail, Func<Task> meanwhile)
    {
        foreach (var service in services)
        {
            fail(choose(service));
        }

        fault.Say($"the network to {server} is {how} for {(services.Count == fault.System.Services.Count ? "all services" : Fault.Names(services))}");
        try
        {
            await meanwhile();
        }
        finally
        {
            foreach (var service in services)
            {
                choose(service).Heal();
            }

            fault.Say($"the network to {server} is well");
        }
    }
}
