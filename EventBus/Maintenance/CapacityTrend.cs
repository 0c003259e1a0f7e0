namespace FanOut.EventBus.Maintenance;

/// <summary>
/// From how something has grown in the last minutes: when it reaches its limit. A straight line through the points, so that one peak says little.
/// </summary>
internal sealed class CapacityTrend
{
    private const int MaxPoints = 600;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MinSeen = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Apart = Window / MaxPoints;
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(365);
    private readonly Queue<(DateTimeOffset Time, double Used)> _points = new();
    private DateTimeOffset _newest;

    /// <summary>Takes a measurement.</summary>
    /// <param name="time">When it was taken.</param>
    /// <param name="used">How much is used.</param>
    /// <param name="limit">How much may be; null without a limit.</param>
    /// <returns>
    /// In what time the limit is reached, zero where it is; null without a limit, where a minute has not been seen yet, and where it is not reached
    /// within a year.
    /// </returns>
    public TimeSpan? Observe(DateTimeOffset time, long used, long? limit)
    {
        if (_points.Count == 0 || time - _newest >= Apart)
        {
            _points.Enqueue((time, used));
            _newest = time;
        }

        while (_points.TryPeek(out var oldest) && time - oldest.Time > Window)
        {
            _points.Dequeue();
        }

        if (limit is not { } max)
        {
            return null;
        }

        if (used >= max)
        {
            return TimeSpan.Zero;
        }

        if (time - _points.Peek().Time < MinSeen || Slope() is not (> 0 and var perSecond))
        {
            return null;
        }

        var seconds = (max - used) / perSecond;
        return seconds < Horizon.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
    }

    private double Slope()
    {
        var start = _points.Peek().Time;
        var (meanX, meanY) = (_points.Average(point => (point.Time - start).TotalSeconds), _points.Average(point => point.Used));
        var (covariance, variance) = (0.0, 0.0);
        foreach (var (time, used) in _points)
        {
            var x = (time - start).TotalSeconds - meanX;
            covariance += x * (used - meanY);
            variance += x * x;
        }

        return variance > 0 ? covariance / variance : 0;
    }
}
