namespace FanOut.Bench.Consume;

/// <summary>Starts with the first batch that any handler is given, so that neither connecting nor migrating counts.</summary>
internal sealed class DrainClock
{
    private long _started;

    public void Start()
    {
        if (Volatile.Read(ref _started) == 0)
        {
            Interlocked.CompareExchange(ref _started, TimeProvider.System.GetTimestamp(), 0);
        }
    }

    public TimeSpan Elapsed => Volatile.Read(ref _started) is var started and not 0
        ? TimeProvider.System.GetElapsedTime(started)
        : throw new InvalidOperationException("No handler was given an event.");
}
