using FanOut.Chaos.Scenarios;

namespace FanOut.Chaos.Tests.Scenarios;

public sealed class RandomMixTests
{
    private const int Steps = 200;

    [Fact]
    public void A_seed_determines_the_steps()
    {
        Assert.Equal(Draw(42), Draw(42));
        Assert.NotEqual(Draw(42), Draw(43));
    }

    [Fact]
    public void Every_scenario_is_drawn()
    {
        var steps = string.Join('\n', Draw(7));

        Assert.All(Catalogue.All, scenario => Assert.Contains(scenario.Name, steps, StringComparison.Ordinal));
    }

    [Fact]
    public void Scenario_names_are_unique_and_never_random()
    {
        Assert.Equal(Catalogue.All.Select(scenario => scenario.Name).Distinct().Count(), Catalogue.All.Count);
        Assert.DoesNotContain(Catalogue.All, scenario => scenario.Name == Catalogue.Random);
    }

    private static string[] Draw(int seed)
    {
        var mix = new RandomMix(seed);
        return [.. Enumerable.Range(0, Steps).Select(_ => mix.Next().Name)];
    }
}
