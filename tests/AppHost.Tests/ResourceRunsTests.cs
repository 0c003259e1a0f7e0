using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace FanOut.AppHost.Tests;

public sealed class ResourceRunsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ResourceRuns _runs;

    public ResourceRunsTests() => _runs = new ResourceRuns(_time);

    [Fact]
    public void The_pause_doubles_with_each_crash_until_a_run_is_stable()
    {
        Assert.Equal([1, 2, 4, 8, 16, 30, 30], Enumerable.Range(0, 7).Select(_ => Crash(afterRunningFor: TimeSpan.FromSeconds(5))));
        Assert.Equal(1, Crash(afterRunningFor: TimeSpan.FromMinutes(2)));
        Assert.Equal(2, Crash(afterRunningFor: TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void A_resource_that_a_user_stops_is_not_restarted()
    {
        string[] states = [KnownResourceStates.Starting, KnownResourceStates.Running, KnownResourceStates.Stopping, KnownResourceStates.Finished];

        Assert.All(states, state => Assert.Null(_runs.Observe(state)));
    }

    [Fact]
    public void A_run_that_is_too_short_to_be_seen_is_restarted_once()
    {
        Assert.Null(_runs.Observe(KnownResourceStates.Waiting));
        Assert.Equal(TimeSpan.FromSeconds(1), _runs.Observe(KnownResourceStates.Finished));
        Assert.Null(_runs.Observe(KnownResourceStates.Finished));
    }

    private double? Crash(TimeSpan afterRunningFor)
    {
        Assert.Null(_runs.Observe(KnownResourceStates.Running));
        _time.Advance(afterRunningFor);
        Assert.Null(_runs.Observe(KnownResourceStates.Running));
        return _runs.Observe(KnownResourceStates.Finished)?.TotalSeconds;
    }
}
