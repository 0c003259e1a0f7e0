namespace FanOut.Chaos.Scenarios;

/// <summary>All scenarios, in the order they run.</summary>
internal static class Catalogue
{
    public const string Random = "random";

    public static IReadOnlyList<Scenario> All { get; } =
        [.. ServiceFaults.All, .. RedisFaults.All, .. PostgresFaults.All, .. NetworkFaults.All, .. StreamFaults.All, .. ClientFaults.All];

    public static Scenario Find(string name) => All.First(scenario => scenario.Name == name);
}
