using FanOut.Chaos.Deployments;

namespace FanOut.Chaos.Scenarios;

/// <summary>Versions and systems that meet on one stream.</summary>
internal static class DeploymentFaults
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("rolling-upgrade", "a worker is replaced, replica by replica, by a version that handles a new event type, under events of both types",
            Part.Redis | Part.Reclaimer, UpgradeAsync),
        new("two-systems", "a second system with a database of its own uses the same Redis and stream: it says so, and nothing is mixed",
            Part.Redis | Part.Api, TwoSystemsAsync),
    ];

    private static async Task UpgradeAsync(Fault fault, CancellationToken cancellationToken)
    {
        await using var group = await UpgradedGroup.CreateAsync(fault.System, cancellationToken);
        var (first, second) = (await group.StartAsync(isNew: false, cancellationToken), await group.StartAsync(isNew: false, cancellationToken));
        fault.Say("two replicas of the old version run");
        await group.PublishAsync(isNew: false, 100, cancellationToken);
        await group.StopAsync(first);
        first = await group.StartAsync(isNew: true, cancellationToken);
        fault.Say("one was replaced by the new version; events of the new type come");
        for (var time = 0; time < 10; time++)
        {
            await group.PublishAsync(isNew: true, 20, cancellationToken);
            await group.PublishAsync(isNew: false, 20, cancellationToken);
            await Fault.WaitAsync(fault.Time(0.5, 0.1), cancellationToken);
        }

        await group.StopAsync(second);
        await group.StartAsync(isNew: true, cancellationToken);
        await group.PublishAsync(isNew: true, 100, cancellationToken);
        fault.Say("the other was replaced too");
        await Until.HoldsAsync(async () => await group.IsDoneAsync(cancellationToken), Timeout, cancellationToken);
        await Fault.WaitAsync(TimeSpan.FromSeconds(1), cancellationToken);
        if (await group.DescribeFaultAsync(cancellationToken) is { } wrong)
        {
            fault.Promises.Broken(wrong);
        }

        await group.UnregisterAsync(cancellationToken);
    }

    private static async Task TwoSystemsAsync(Fault fault, CancellationToken cancellationToken)
    {
        await using var database = await fault.System.CreateDatabaseAsync(cancellationToken);
        await using var other = await OtherSystem.StartAsync(fault.System, database, cancellationToken);
        fault.Say("a second system runs on the same stream, and publishes");
        await SaysSoAsync("consumer-group-");

        // Without another relay it is the second system's that has the lease, until one that can publish is back.
        var apis = fault.System.Of(ServiceKind.Api).ToArray();
        await fault.KillAsync(apis);
        await SaysSoAsync("relay-");
        await fault.StartAsync(apis);
        foreach (var api in apis)
        {
            await Fault.HealthyAsync(api, cancellationToken);
        }

        await fault.OrdersGoOnAsync(fault.Time(5, 3), "a second system used the stream", cancellationToken);
        if (other.Handled > 0)
        {
            fault.Promises.Broken($"the second system handled {other.Handled} events");
        }

        async Task SaysSoAsync(string kind)
        {
            if (!await Until.HoldsAsync(() => other.SaysSoAsync(kind, cancellationToken), Timeout, cancellationToken) && fault.IsAlone)
            {
                fault.Promises.Broken($"the second system's health check '{kind}...' does not say that the stream is another outbox's");
            }
        }
    }
}
