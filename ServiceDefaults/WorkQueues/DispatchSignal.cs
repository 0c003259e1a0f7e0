namespace FanOut.ServiceDefaults.WorkQueues;

/// <summary>Wakes this process' dispatcher, so that it is fast without frequent polls.</summary>
public sealed class DispatchSignal(TimeProvider time) : IDisposable
{
    // A handler does not know when its batch is committed: for this long the dispatcher polls often.
    private static readonly TimeSpan Expectation = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(40);

    private readonly SemaphoreSlim _raised = new(0, 1);
    private long _expectedAt = long.MinValue;

    public void Expect()
    {
        Volatile.Write(ref _expectedAt, time.GetTimestamp());
        Raise();
    }

    public void Raise()
    {
        try
        {
            if (_raised.CurrentCount == 0)
            {
                _raised.Release();
            }
        }
        catch (SemaphoreFullException)
        {
            // Another thread raised it in between.
        }
    }

    public async Task WaitAsync(TimeSpan atMost, bool busy, CancellationToken cancellationToken)
    {
        var expectedAt = Volatile.Read(ref _expectedAt);
        var expecting = busy || (expectedAt != long.MinValue && time.GetElapsedTime(expectedAt) < Expectation);
        await _raised.WaitAsync(expecting && Often < atMost ? Often : atMost, cancellationToken);
    }

    public void Dispose() => _raised.Dispose();
}
