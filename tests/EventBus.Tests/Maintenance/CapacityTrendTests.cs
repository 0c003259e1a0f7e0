using FanOut.EventBus.Maintenance;

namespace FanOut.EventBus.Tests.Maintenance;

public sealed class CapacityTrendTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_grows_evenly_reaches_its_limit_when_the_line_does()
    {
        var trend = new CapacityTrend();
        TimeSpan? left = null;
        for (var second = 0; second <= 120; second++)
        {
            left = trend.Observe(Start.AddSeconds(second), 1_000 + (second * 10), 10_000);
        }

        Assert.Equal(780, Assert.NotNull(left).TotalSeconds, 0.01);
    }

    [Fact]
    public void Less_than_a_minute_no_growth_and_no_limit_tell_nothing()
    {
        var (young, even, unlimited, slow) = (new CapacityTrend(), new CapacityTrend(), new CapacityTrend(), new CapacityTrend());
        for (var second = 0; second <= 59; second++)
        {
            Assert.Null(young.Observe(Start.AddSeconds(second), second * 10, 10_000));
        }

        for (var second = 0; second <= 120; second++)
        {
            Assert.Null(even.Observe(Start.AddSeconds(second), 500 - (second % 2), 10_000));
            Assert.Null(unlimited.Observe(Start.AddSeconds(second), second * 10, null));
            Assert.Null(slow.Observe(Start.AddSeconds(second), second, long.MaxValue));
        }
    }

    [Fact]
    public void At_its_limit_nothing_is_left_from_the_first_look_on()
        => Assert.Equal(TimeSpan.Zero, new CapacityTrend().Observe(Start, 10_000, 10_000));

    [Fact]
    public void What_was_more_than_ten_minutes_ago_is_forgotten_and_a_single_peak_says_little()
    {
        var trend = new CapacityTrend();
        TimeSpan? left = null;
        for (var second = 0; second <= 1_200; second++)
        {
            left = trend.Observe(Start.AddSeconds(second), second < 500 ? second * 10 : 5_000, 10_000);
        }

        Assert.Null(left);
        for (var second = 1_201; second <= 1_800; second++)
        {
            left = trend.Observe(Start.AddSeconds(second), (second == 1_500 ? 9_000 : 5_000) + (second - 1_200), 10_000);
        }

        Assert.Equal(4_400, Assert.NotNull(left).TotalSeconds, 200.0);
    }
}
