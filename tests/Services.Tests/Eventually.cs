using System.Diagnostics;
using Xunit;

namespace FanOut.Services.Tests;

internal static class Eventually
{
    public static async Task BecomesTrueAsync(Func<Task<bool>> condition, TimeSpan deadline)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < deadline, $"It did not become true within {deadline.TotalSeconds} s.");
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
