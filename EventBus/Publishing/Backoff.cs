namespace FanOut.EventBus.Publishing;

/// <summary>Waits that double from 50 milliseconds up to a limit, each varied by a quarter so that replicas do not come back in step.</summary>
internal sealed class Backoff(TimeSpan longest)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private TimeSpan _next = First;

    public TimeSpan Next()
    {
        var delay = _next * (0.75 + (Random.Shared.NextDouble() / 2));
        _next = _next * 2 < longest ? _next * 2 : longest;
        return delay;
    }

    public void Reset() => _next = First;
}
