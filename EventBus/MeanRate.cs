namespace FanOut.EventBus;

/// <summary>How fast a counter rises, on average over a window that ends now. A counter or a clock that goes back begins anew.</summary>
/// <param name="window">The window; zero for the time since the reading before.</param>
internal sealed class MeanRate(TimeSpan window)
{
    private readonly Queue<(TimeSpan At, long Count)> _readings = [];
    private (TimeSpan At, long Count) _last;

    /// <returns>The rate, and over what time it was seen: less than the window at first, and zero at the first reading.</returns>
    public (double PerSecond, TimeSpan Seen) Observe(TimeSpan at, long count)
    {
        if (at <= _last.At || count < _last.Count)
        {
            _readings.Clear();
        }

        _last = (at, count);
        _readings.Enqueue(_last);
        while (_readings.Count > 2 && _readings.ElementAt(1).At <= at - window)
        {
            _readings.Dequeue();
        }

        var first = _readings.Peek();
        var seen = at - first.At;
        return (seen > TimeSpan.Zero ? (count - first.Count) / seen.TotalSeconds : 0, seen);
    }
}
