namespace FanOut.EventBus;

/// <summary>Waits that double up to a limit, each varied by a quarter so that replicas do not come back in step.</summary>
/// <param name="time">The clock to wait by.</param>
/// <param name="first">The first wait; 50 milliseconds unless set.</param>
/// <param name="max">The longest wait; 5 seconds unless set.</param>
internal sealed class Backoff(TimeProvider time, TimeSpan? first = null, TimeSpan? max = null)
{
    private readonly TimeSpan _first = first ?? TimeSpan.FromMilliseconds(50);
    private readonly TimeSpan _max = max ?? TimeSpan.FromSeconds(5);
    private TimeSpan? _last;

    /// <summary>Whether nothing was waited for since the last success: the time to log.</summary>
    public bool IsFirst => _last is null;

    public TimeSpan Next()
    {
        var next = _last is { } last ? last * 2 : _first;
        _last = next < _max ? next : _max;
        return _last.Value * (0.75 + (Random.Shared.NextDouble() / 2));
    }

    public Task WaitAsync(CancellationToken cancellationToken) => Task.Delay(Next(), time, cancellationToken);

    public void Reset() => _last = null;
}
