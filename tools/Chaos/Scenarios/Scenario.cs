namespace FanOut.Chaos.Scenarios;

/// <summary>A fault under load.</summary>
/// <param name="Name">What it is called on the command line.</param>
/// <param name="Description">What happens, in a line.</param>
/// <param name="Parts">What it needs for itself.</param>
/// <param name="InjectAsync">Does it, and puts right again what it did: when it returns, nothing is in the way any more.</param>
internal sealed record Scenario(string Name, string Description, Part Parts, Func<Fault, CancellationToken, Task> InjectAsync);

/// <summary>What a fault needs for itself: two faults that share a part do not happen at the same time.</summary>
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
}

/// <summary>All scenarios, in the order they run.</summary>
internal static class Catalogue
{
    public const string Random = "random";

    public static IReadOnlyList<Scenario> All { get; } =
        [.. ServiceFaults.All, .. RedisFaults.All, .. PostgresFaults.All, .. NetworkFaults.All, .. StreamFaults.All, .. ClientFaults.All];

    public static Scenario Find(string name) => All.First(scenario => scenario.Name == name);
}
