namespace FanOut.Chaos.Scenarios;

/// <summary>A fault under load.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Description">What happens, in one line.</param>
/// <param name="Parts">The parts that no other fault may use at the same time.</param>
/// <param name="InjectAsync">Injects the fault and removes it again before it returns.</param>
internal sealed record Scenario(string Name, string Description, Part Parts, Func<Fault, CancellationToken, Task> InjectAsync);

/// <summary>The parts of the system. Two faults that share a part do not happen at the same time.</summary>
[Flags]
internal enum Part
{
    None = 0,
    Api = 1,
    Webhook = 2,
    Analytics = 4,
    Notification = 8,
    Reclaimer = 16,
    Redis = 32,
    Postgres = 64,
    Network = 128,
    Workers = Webhook | Analytics | Notification,
    Services = Api | Workers | Reclaimer,
    All = Services | Redis | Postgres | Network,
}

/// <summary>All scenarios, in the order they run.</summary>
internal static class Catalogue
{
    public const string Random = "random";

    public static IReadOnlyList<Scenario> All { get; } =
    [
        .. ServiceFaults.All, .. RedisFaults.All, .. PostgresFaults.All, .. NetworkFaults.All, .. StreamFaults.All, .. DeploymentFaults.All,
        .. ClientFaults.All,
    ];

    public static Scenario Find(string name) => All.First(scenario => scenario.Name == name);
}
