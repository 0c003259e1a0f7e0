using System.Diagnostics;
using Xunit;

namespace FanOut.Services.Tests;

internal static class Eventually
{
    // So long that a busy machine is no reason to fail.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    public static async Task BecomesTrueAsync(Func<Task<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Timeout, $"It did not become true within {Timeout.TotalSeconds} s.");
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
