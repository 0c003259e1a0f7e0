using System.Diagnostics.Metrics;

namespace FanOut.ServiceDefaults.WorkQueues;

/// <summary>The metrics of a queue in Postgres and of its dispatcher.</summary>
public abstract class QueueMetrics
{
    private readonly string _resultTag;
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _delay;
    private long _backlog;
    private double _overdueSeconds;

    protected QueueMetrics(IMeterFactory meters, string meterName, string prefix, string attempts, string item)
    {
        var meter = meters.Create(meterName);
        _resultTag = $"{prefix}.result";
        _attempts = meter.CreateCounter<long>($"{prefix}.{attempts}", "{attempt}", "Attempts, by result.");
        _duration = meter.CreateHistogram<double>($"{prefix}.attempt.duration", "s", "How long attempts took.");
        _delay = meter.CreateHistogram<double>(
            $"{prefix}.delay",
            "s",
            $"From an event's effect to the success of its {item}.",
            advice: new() { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300, 3_600, 36_000, 360_000] });
        meter.CreateObservableGauge($"{prefix}.backlog", () => Volatile.Read(ref _backlog), $"{{{item}}}", "How many are pending.");
        meter.CreateObservableGauge(
            $"{prefix}.overdue", () => Volatile.Read(ref _overdueSeconds), "s", $"How long the most overdue {item} has been due.");
    }

    /// <summary>How many were pending at the last sweep.</summary>
    public long Backlog => Volatile.Read(ref _backlog);

    /// <summary>Counts an attempt. The delay since the event's effect is null unless it succeeded.</summary>
    public void Ended(string result, TimeSpan duration, TimeSpan? delay)
    {
        var tag = new KeyValuePair<string, object?>(_resultTag, result);
        _attempts.Add(1, tag);
        _duration.Record(duration.TotalSeconds, tag);
        if (delay is { } success)
        {
            _delay.Record(Math.Max(0, success.TotalSeconds));
        }
    }

    public void Measured(long backlog, TimeSpan overdue)
    {
        Volatile.Write(ref _backlog, backlog);
        Volatile.Write(ref _overdueSeconds, overdue.TotalSeconds);
    }
}
