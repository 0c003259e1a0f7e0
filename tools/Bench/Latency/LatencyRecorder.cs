using System.Diagnostics;
using HdrHistogram;

namespace FanOut.Bench.Latency;

/// <summary>
/// Records the time from when each event was due until it was seen. Events are due by the clock, not when the system is ready, so a stall
/// counts for every event that was due during it (no coordinated omission).
/// </summary>
internal sealed class LatencyRecorder
{
    private const long Longest = 600_000_000_000;
    private readonly Lock _lock = new();
    private LongHistogram _histogram = new(1, Longest, 3);
    private int _skipped;
    private int _seen;

    /// <summary>How many were seen, the skipped ones included.</summary>
    public int Seen => Volatile.Read(ref _seen);

    /// <summary>Starts again.</summary>
    /// <param name="skipped">The number of events at the start that warm up and are not recorded.</param>
    public void Reset(int skipped)
    {
        lock (_lock)
        {
            _histogram = new LongHistogram(1, Longest, 3);
            (_skipped, _seen) = (skipped, 0);
        }
    }

    public void Record(int number, long due, long now)
    {
        lock (_lock)
        {
            if (number >= _skipped)
            {
                _histogram.RecordValue(Math.Clamp((now - due) * 1_000_000_000 / Stopwatch.Frequency, 1, Longest));
            }

            _seen++;
        }
    }

    public double[] MillisecondsAt(params double[] percentiles)
    {
        lock (_lock)
        {
            return Array.ConvertAll(percentiles, percentile => _histogram.GetValueAtPercentile(percentile) / 1e6);
        }
    }
}

internal sealed class LatencyRecorders
{
    public LatencyRecorder Handled { get; } = new();

    public LatencyRecorder Committed { get; } = new();
}
