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

        var start = _points.Peek().Time;
        if (time - start < MinSeen)
        {
            return null;
        }

        var (perSecond, _) = LeastSquares.At(0, [.. _points.Select(point => ((point.Time - start).TotalSeconds, point.Used))]);
        var seconds = (max - used) / perSecond;
        return perSecond > 0 && seconds < Horizon.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
    }
}
