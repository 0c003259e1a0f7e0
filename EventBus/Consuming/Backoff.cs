namespace FanOut.EventBus.Consuming;

/// <summary>Growing pauses with jitter, so that many lanes that lost the same server do not come back in step.</summary>
internal sealed class Backoff(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private TimeSpan _next = First;

    public bool IsFirst => _next == First;

    public void Reset() => _next = First;

    public Task WaitAsync(CancellationToken cancellationToken)
    {
        var delay = _next * (0.5 + (Random.Shared.NextDouble() / 2));
        _next = _next < Longest ? _next * 2 : Longest;
        return Task.Delay(delay, time, cancellationToken);
    }
}
