using FanOut.EventBus.Telemetry;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// Counts the events with which a group's lanes and retries in this process are done, and how long after its time each had its effect.
/// </summary>
internal sealed class FinishedEvents(TimeProvider time)
{
    private readonly long[] _delays = new long[DelayBuckets.Count];
    private long _count;

    /// <param name="handled">Events whose effects are committed.</param>
    /// <param name="ignored">How many have no effect in this group.</param>
    public void Add(IReadOnlyCollection<Delivery> handled, int ignored)
    {
        var now = time.GetUtcNow();
        foreach (var delivery in handled)
        {
            Interlocked.Increment(ref _delays[DelayBuckets.Of(now - delivery.Event.Time)]);
        }

        Interlocked.Add(ref _count, handled.Count + ignored);
    }

    /// <summary>What was counted since it was last taken.</summary>
    public (long Count, long[] Delays) Take() =>
        (Interlocked.Exchange(ref _count, 0), [.. Enumerable.Range(0, _delays.Length).Select(i => Interlocked.Exchange(ref _delays[i], 0))]);

    /// <summary>Counts again what could not be written.</summary>
    public void GiveBack((long Count, long[] Delays) taken)
    {
        Interlocked.Add(ref _count, taken.Count);
        for (var i = 0; i < taken.Delays.Length; i++)
        {
            Interlocked.Add(ref _delays[i], taken.Delays[i]);
        }
    }
}
