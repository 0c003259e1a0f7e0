namespace FanOut.Bench;

internal static class Until
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Polls until something holds.</summary>
    /// <exception cref="TimeoutException">It does not, for ten minutes.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, CancellationToken cancellationToken, int everyMilliseconds = 5)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(everyMilliseconds));
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                throw new TimeoutException($"Waited {Patience} in vain for {what}.");
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
