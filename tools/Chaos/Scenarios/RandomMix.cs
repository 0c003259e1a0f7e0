namespace FanOut.Chaos.Scenarios;

/// <summary>Draws faults that happen at the same time. The same seed draws the same ones.</summary>
internal sealed class RandomMix(int seed)
{
    private const int MaxAtOnce = 3;
    private const double MaxDelay = 4;

    private readonly Random _random = new(seed);
    private int _step;

    /// <summary>The next step.</summary>
    public Scenario Next()
    {
        _step++;
        var left = Catalogue.All.ToArray();
        _random.Shuffle(left);
        var wanted = _random.Next(1, MaxAtOnce + 1);
        var taken = Part.None;
        var chosen = new List<(Scenario Scenario, TimeSpan Start, int Seed)>();
        foreach (var scenario in left)
        {
            if (chosen.Count < wanted && (scenario.Parts & taken) == Part.None)
            {
                taken |= scenario.Parts;
                var start = chosen.Count == 0 ? 0 : Math.Round(_random.NextDouble() * MaxDelay, 1);
                chosen.Add((scenario, TimeSpan.FromSeconds(start), _random.Next()));
            }
        }

        var name = string.Join(
            " + ", chosen.Select(part => part.Scenario.Name + (part.Start > TimeSpan.Zero ? $" after {part.Start.TotalSeconds:0.0} s" : "")));
        return new Scenario(
            $"random {_step}: {name}",
            name,
            taken,
            (fault, cancellationToken) => Task.WhenAll(chosen.Select(async part =>
            {
                await Fault.WaitAsync(part.Start, cancellationToken);
                var own = fault with { Random = new Random(part.Seed), IsAlone = chosen.Count == 1, Run = $"{fault.Run}-{part.Scenario.Name}" };
                await part.Scenario.InjectAsync(own, cancellationToken);
            })));
    }
}
