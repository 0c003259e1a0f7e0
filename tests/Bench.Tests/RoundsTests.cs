
namespace FanOut.Bench.Tests;

public sealed class RoundsTests
{
    private readonly List<string> _order = [];

    [Fact]
    public async Task Variants_take_turns_and_a_warm_up_does_not_count()
    {
        Variant[] variants = [Variant("a", Standing.Limit, 1, 2, 3), Variant("b", Standing.Ours, 1, 2, 3)];
        await Rounds.RunAsync("s", Run(2), variants, TestContext.Current.CancellationToken);

        Assert.Equal(["a", "b", "a", "b", "a", "b"], _order);
    }

    [Fact]
    public async Task Medians_are_compared_and_the_spread_is_told()
    {
        var seen = await Rounds.RunAsync(
            "s",
            Run(3),
            [
                Variant("limit", Standing.Limit, 9_999, 100, 300, 200),
                Variant("ours", Standing.Ours, 9_999, 150, 90, 100),
                Variant("article", Standing.Baseline, 9_999, 1, 2, 3),
            ],
            TestContext.Current.CancellationToken);

        var ours = seen[1];
        Assert.Equal((100, 90, 150), (ours.Value, ours.Lowest, ours.Highest));
        Assert.Equal((200, 0.5, 50), (ours.Limit, ours.Ratio, ours.TimesBaseline));
    }

    [Fact]
    public async Task A_goal_is_reached_or_missed_by_the_median()
    {
        Goal[] goals =
            [Goal.RatioAtLeast(0.5), Goal.TimesBaselineAtLeast(50), Goal.RatioAtLeast(0.51), Goal.ValueAtMost(99, "x"), Goal.RatioAtMost(0.5)];
        var seen = await Task.WhenAll(goals.Select(goal => Rounds.RunAsync(
            "s",
            Run(1),
            [Variant("limit", Standing.Limit, 0, 200), Ours(goal), Variant("article", Standing.Baseline, 0, 2)],
            TestContext.Current.CancellationToken)));

        Assert.Equal([true, true, false, false, true], seen.Select(measurements => measurements[1].IsReached));

        static Variant Ours(Goal goal) => Bench.Variant.Of("ours", Standing.Ours, "x", (_, _) => Task.FromResult(100.0), goal);
    }

    private static BenchRun Run(int rounds) => new(Effort.Smoke, rounds, _ => { });

    private Variant Variant(string name, Standing standing, params double[] values)
    {
        var next = 0;
        return Bench.Variant.Of(name, standing, "x", (_, _) =>
        {
            _order.Add(name);
            return Task.FromResult(values[next++]);
        });
    }
}
