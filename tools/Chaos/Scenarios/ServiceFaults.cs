namespace FanOut.Chaos.Scenarios;

/// <summary>Services that crash, stall, or are replaced.</summary>
internal static class ServiceFaults
{
    private static readonly TimeSpan LeadershipTimeout = TimeSpan.FromSeconds(45);

    public static IReadOnlyList<Scenario> All { get; } =
    [
        Kill(ServiceKind.Api, Part.Api, "order API"),
        new("kill-relay-leader", "kill -9 of the replica whose relay leads, then of its successor", Part.Api, KillLeaderAsync),
        Kill(ServiceKind.Webhook, Part.Webhook, "webhook worker"),
        Kill(ServiceKind.Analytics, Part.Analytics, "analytics worker"),
        Kill(ServiceKind.Notification, Part.Notification, "notification worker"),
        new("kill-reclaimer", "kill -9 of both reclaimers and of a worker, whose entries stay pending until a reclaimer is back",
            Part.Reclaimer | Part.Webhook, KillReclaimerAsync),
        new("kill-everything", "kill -9 of all services at once", Part.Services, KillEverythingAsync),
        new("stall-worker", "SIGSTOP of a replica of each worker for longer than the reclaim time, then SIGCONT: others have done its work",
            Part.Workers, StallWorkersAsync),
        new("two-relays", "SIGSTOP of the leading relay until the other one leads, then SIGCONT: two lead for a moment", Part.Api, TwoRelaysAsync),
        new("rolling-restart", "SIGTERM and restart of each replica of each service in turn: no order is refused meanwhile",
            Part.Services, RollingRestartAsync),
    ];

    private static Scenario Kill(ServiceKind kind, Part part, string what) => new(
        $"kill-{kind}", $"kill -9 of the {what}: each replica in turn, then both at once", part, (fault, token) => KillAsync(fault, kind, token));

    private static async Task KillAsync(Fault fault, ServiceKind kind, CancellationToken cancellationToken)
    {
        var replicas = fault.System.Of(kind).ToArray();
        fault.Random.Shuffle(replicas);
        foreach (var replica in fault.IsQuick ? replicas[..1] : replicas)
        {
            await fault.KillAsync(replica);
            await Fault.WaitAsync(fault.Time(2, 1), cancellationToken);
            await fault.StartAsync(replica);
            await Fault.HealthyAsync(replica, cancellationToken);
        }

        await fault.KillAsync(replicas);
        await Fault.WaitAsync(fault.Time(2, 1), cancellationToken);
        await fault.StartAsync(replicas);
    }

    private static async Task KillLeaderAsync(Fault fault, CancellationToken cancellationToken)
    {
        for (var time = 0; time < (fault.IsQuick ? 1 : 2); time++)
        {
            var leader = await FindLeaderAsync(fault, cancellationToken);
            await fault.KillAsync(leader);
            await FindLeaderAsync(fault, cancellationToken, former: leader);
            await fault.StartAsync(leader);
            await Fault.HealthyAsync(leader, cancellationToken);
        }
    }

    private static async Task KillReclaimerAsync(Fault fault, CancellationToken cancellationToken)
    {
        var reclaimers = fault.System.Of(ServiceKind.Reclaimer);
        var worker = fault.Pick(ServiceKind.Webhook);
        await fault.KillAsync([.. reclaimers, worker]);
        await Fault.WaitAsync(QuickSettings.ReclaimAfter + TimeSpan.FromSeconds(1), cancellationToken);
        await fault.StartAsync([.. reclaimers, worker]);
    }

    private static async Task KillEverythingAsync(Fault fault, CancellationToken cancellationToken)
    {
        await fault.KillAsync(fault.System.Services);
        await Fault.WaitAsync(fault.Time(2, 1), cancellationToken);
        await fault.StartAsync(fault.System.Services);
    }

    private static async Task StallWorkersAsync(Fault fault, CancellationToken cancellationToken)
    {
        var stalled = ServiceKind.Workers.Select(kind => fault.Pick(kind)).ToArray();
        await fault.StallAsync(stalled);
        try
        {
            await Fault.WaitAsync((QuickSettings.ReclaimAfter * 2) + fault.Time(4, 1), cancellationToken);
        }
        finally
        {
            fault.Resume(stalled);
        }
    }

    private static async Task TwoRelaysAsync(Fault fault, CancellationToken cancellationToken)
    {
        var leader = await FindLeaderAsync(fault, cancellationToken);
        await fault.StallAsync(leader);
        try
        {
            await FindLeaderAsync(fault, cancellationToken, former: leader);
            await Fault.WaitAsync(fault.Time(2, 0.5), cancellationToken);
        }
        finally
        {
            fault.Resume(leader);
        }
    }

    private static async Task RollingRestartAsync(Fault fault, CancellationToken cancellationToken)
    {
        const double MaxErrors = 0.01;
        var (errors, accepted) = (Errors(), fault.Client.AcceptedCount);
        foreach (var service in fault.IsQuick ? fault.System.Of(ServiceKind.Api) : fault.System.Services)
        {
            if (!await service.StopAsync())
            {
                fault.Promises.Broken($"{service.Name} did not end on SIGTERM and had to be killed");
            }

            await service.StartAsync();
            await Fault.HealthyAsync(service, cancellationToken);
            fault.Say($"SIGTERM {service.Name}, and restarted");
        }

        (errors, accepted) = (Errors() - errors, fault.Client.AcceptedCount - accepted);
        fault.Say($"{accepted} orders were accepted meanwhile, {errors} attempts were answered 5xx");
        if (errors > accepted * MaxErrors && fault.IsAlone)
        {
            fault.Promises.Broken($"{errors} attempts were answered 5xx while {accepted} orders were accepted");
        }

        int Errors() => fault.Client.Answers.Where(answer => (int)answer.Key >= 500).Sum(answer => answer.Value);
    }

    /// <summary>Waits until a relay other than the former leader's leads.</summary>
    private static async Task<ServiceReplica> FindLeaderAsync(Fault fault, CancellationToken cancellationToken, ServiceReplica? former = null)
    {
        ServiceReplica? leader = null;
        await Until.TrueAsync(
            async () => (leader = await fault.System.FindLeaderAsync(cancellationToken)) is not null && leader != former,
            LeadershipTimeout,
            former is null ? "a relay to lead" : $"another relay than {former.Name}'s to lead",
            cancellationToken);
        fault.Say($"{leader!.Name}'s relay leads");
        return leader;
    }
}
