namespace FanOut.EventBus.Publishing;

/// <summary>Says that there may be events to publish. Signals that nobody has waited for yet are one.</summary>
internal sealed class OutboxSignal : IDisposable
{
    private readonly SemaphoreSlim _semaphore = new(0, 1);
    private int _set;

    public void Set()
    {
        if (Interlocked.Exchange(ref _set, 1) == 0)
        {
            try
            {
                _semaphore.Release();
            }
            catch (ObjectDisposedException)
            {
                // A timer, a subscription or a request, while its host is disposed: nobody waits any more.
            }
        }
    }

    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        await _semaphore.WaitAsync(cancellationToken);

        // Before what the signal speaks of is read: a signal from here on counts anew.
        Volatile.Write(ref _set, 0);
    }

    public void Dispose() => _semaphore.Dispose();
}
