namespace FanOut.EventBus.Telemetry;

/// <summary>
/// Counts of delays in buckets, four for each doubling: a percentile is at most 10 percent off. The first holds what took up to a millisecond, the
/// last what took longer than three days. Counts of several processes and steps are added bucket by bucket.
/// </summary>
internal static class DelayBuckets
{
    public const int Count = (28 * PerDoubling) + 1;
    private const int PerDoubling = 4;

    public static int Of(TimeSpan delay) => delay.TotalMilliseconds is > 1 and var milliseconds
        ? Math.Min((int)Math.Ceiling(Math.Log2(milliseconds) * PerDoubling), Count - 1)
        : 0;

    /// <returns>The delay that the given share of all stayed below; null where there is none.</returns>
    public static TimeSpan? Percentile(IReadOnlyList<long> counts, double share)
    {
        var left = (long)Math.Ceiling(share * counts.Sum());
        for (var bucket = 0; bucket < counts.Count && left > 0; bucket++)
        {
            left -= counts[bucket];
            if (left <= 0)
            {
                return TimeSpan.FromMilliseconds(Math.Pow(2, (bucket - 0.5) / PerDoubling));
            }
        }

        return null;
    }
}
