namespace FanOut.TestServers;

/// <summary>Polls until a condition holds.</summary>
internal static class Until
{
    /// <exception cref="TimeoutException">It does not hold within ten minutes.</exception>
    public static Task TrueAsync(Func<Task<bool>> condition, string what, CancellationToken cancellationToken, int everyMilliseconds = 5) =>
        TrueAsync(condition, TimeSpan.FromMinutes(10), what, cancellationToken, everyMilliseconds);

    /// <exception cref="TimeoutException">It does not hold in time.</exception>
    public static async Task TrueAsync(
        Func<Task<bool>> condition, TimeSpan timeout, string what, CancellationToken cancellationToken, int everyMilliseconds = 100)
    {
        if (!await HoldsAsync(condition, timeout, cancellationToken, everyMilliseconds))
        {
            throw new TimeoutException($"Timed out after {timeout.TotalSeconds:0} s waiting for {what}.");
        }
    }

    /// <returns>False if it does not hold in time.</returns>
    public static async Task<bool> HoldsAsync(
        Func<Task<bool>> condition, TimeSpan timeout, CancellationToken cancellationToken, int everyMilliseconds = 100)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(everyMilliseconds), TimeProvider.System);
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > timeout)
            {
                return false;
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }

        return true;
    }
}
