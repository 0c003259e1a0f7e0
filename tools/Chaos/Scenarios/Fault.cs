using FanOut.Chaos.Load;

namespace FanOut.Chaos.Scenarios;

/// <summary>The context of a scenario under load. Random chooses replicas; Run is the prefix of the keys of its orders.</summary>
internal sealed record Fault(ChaosSystem System, OrderClient Client, Promises Promises, Random Random, Action<string> Say, bool IsQuick, string Run)
{
    private const int MaxAttempts = 10;
    private static readonly TimeSpan HealthTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Whether no other fault happens at the same time. If Postgres is away too, no order can be accepted.</summary>
    public bool IsAlone { get; init; } = true;

    /// <summary>The duration to use: the second argument in quick mode, otherwise the first.</summary>
    public TimeSpan Time(double seconds, double quickSeconds) => TimeSpan.FromSeconds(IsQuick ? quickSeconds : seconds);

    /// <summary>Waits while orders are placed.</summary>
    public static Task WaitAsync(TimeSpan time, CancellationToken cancellationToken) => Task.Delay(time, TimeProvider.System, cancellationToken);

    /// <summary>Waits while something is away, and reports a broken promise if no order is accepted meanwhile.</summary>
    public async Task OrdersGoOnAsync(TimeSpan time, string what, CancellationToken cancellationToken)
    {
        var before = Client.AcceptedCount;
        await WaitAsync(time, cancellationToken);
        var accepted = Client.AcceptedCount - before;
        Say($"{accepted} orders were accepted while {what}");
        if (accepted == 0 && IsAlone)
        {
            Promises.Broken($"no order was accepted while {what}");
        }
    }

    public ServiceReplica Pick(ServiceKind kind) => Pick(System.Of(kind));

    public T Pick<T>(IReadOnlyList<T> among) => among[Random.Next(among.Count)];

    public static string Names(IEnumerable<ServiceReplica> services) => string.Join(", ", services.Select(service => service.Name));

    /// <summary>Loses data while the recorded progress lags behind the groups, so that events are published and delivered again.</summary>
    public async Task WithProgressBehindAsync(Func<Task> loseAsync, CancellationToken cancellationToken)
    {
        var reclaimers = System.Of(ServiceKind.Reclaimer);
        await StallAsync(reclaimers);
        try
        {
            await WaitAsync(Time(2, 1.5), cancellationToken);
            await loseAsync();
        }
        finally
        {
            Resume(reclaimers);
        }
    }

    public async Task KillAsync(params IReadOnlyCollection<ServiceReplica> services)
    {
        await Task.WhenAll(services.Select(service => service.KillAsync()));
        Say($"kill -9 {Names(services)}");
    }

    public async Task StartAsync(params IReadOnlyCollection<ServiceReplica> services)
    {
        await Task.WhenAll(services.Select(service => service.StartAsync()));
        Say($"started {Names(services)}");
    }

    public async Task StallAsync(params IReadOnlyCollection<ServiceReplica> services)
    {
        await Task.WhenAll(services.Select(service => service.PauseAsync()));
        Say($"SIGSTOP {Names(services)}");
    }

    public void Resume(params IReadOnlyCollection<ServiceReplica> services)
    {
        foreach (var service in services)
        {
            service.Resume();
        }

        Say($"SIGCONT {Names(services)}");
    }

    public static Task HealthyAsync(ServiceReplica service, CancellationToken cancellationToken) =>
        service.WaitUntilHealthyAsync(HealthTimeout, cancellationToken);

    /// <summary>Runs a statement; again where it has deadlocked with the load.</summary>
    public async Task ExecuteAsync(string sql)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
#pragma warning disable CA2100
                await using var command = System.Database.CreateCommand(sql);
#pragma warning restore CA2100
                await command.ExecuteNonQueryAsync(CancellationToken.None);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < MaxAttempts)
            {
                Say("a deadlock; once more");
            }
        }
    }
}
