namespace FanOut.StreamConsole.Live;

/// <summary>How fast a number grows, over about ten seconds.</summary>
internal sealed class RateMeter
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private readonly Lock _lock = new();
    private readonly Queue<(DateTimeOffset At, long Value)> _readings = [];

    /// <returns>A second; null before the second reading.</returns>
    public double? Observe(DateTimeOffset at, long value)
    {
        lock (_lock)
        {
            return Add(at, value);
        }
    }

    private double? Add(DateTimeOffset at, long value)
    {
        while (_readings.TryPeek(out var oldest) && (oldest.Value > value || at - oldest.At > 2 * Window || at < oldest.At))
        {
            _readings.Dequeue();
        }

        while (_readings.Count > 1 && at - _readings.ElementAt(1).At >= Window)
        {
            _readings.Dequeue();
        }

        double? rate = _readings.TryPeek(out var first) && at > first.At ? (value - first.Value) / (at - first.At).TotalSeconds : null;
        if (_readings.Count == 0 || _readings.Last().At < at)
        {
            _readings.Enqueue((at, value));
        }

        return rate;
    }
}
