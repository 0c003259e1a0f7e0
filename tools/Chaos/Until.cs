namespace FanOut.Chaos;

internal static class Until
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Polls until something holds.</summary>
    /// <exception cref="TimeoutException">It does not, for too long.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan patience, string what, CancellationToken cancellationToken)
    {
        if (!await HoldsAsync(condition, patience, cancellationToken))
        {
            throw new TimeoutException($"Waited {patience.TotalSeconds:0} s in vain for {what}.");
        }
    }

    /// <summary>Polls until something holds.</summary>
    /// <returns>False where it does not, for too long.</returns>
    public static async Task<bool> HoldsAsync(Func<Task<bool>> condition, TimeSpan patience, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > patience)
            {
                return false;
            }

            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
        }

        return true;
    }
}
