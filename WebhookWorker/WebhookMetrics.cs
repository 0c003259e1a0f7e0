using System.Diagnostics.Metrics;
using FanOut.WebhookWorker.Dispatching;

namespace FanOut.WebhookWorker;

internal sealed class WebhookMetrics
{
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _delay;
    private long _backlog;
    private double _oldestSeconds;

    public WebhookMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("FanOut.WebhookWorker");
        _attempts = meter.CreateCounter<long>("fanout.webhook.deliveries", "{attempt}", "Attempts to deliver a webhook, by result.");
        _duration = meter.CreateHistogram<double>("fanout.webhook.attempt.duration", "s", "How long attempts took.");
        _delay = meter.CreateHistogram<double>(
            "fanout.webhook.delay",
            "s",
            "From an event's effect to the delivery's success.",
            advice: new() { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300, 3_600, 36_000, 360_000] });
        meter.CreateObservableGauge("fanout.webhook.backlog", () => Volatile.Read(ref _backlog), "{delivery}", "Deliveries that are pending.");
        meter.CreateObservableGauge("fanout.webhook.overdue", () => Volatile.Read(ref _oldestSeconds), "s", "How long the most overdue delivery has been due.");
    }

    public void Attempted(Attempt attempt, TimeSpan duration, TimeSpan delay)
    {
        var result = new KeyValuePair<string, object?>("fanout.webhook.result", attempt switch
        {
            { IsGone: true } => "gone",
            { Result: AttemptResult.Delivered } => "delivered",
            { Result: AttemptResult.Retry } => "retry",
            { Result: AttemptResult.Failed } => "failed",
            _ => "released",
        });
        _attempts.Add(1, result);
        _duration.Record(duration.TotalSeconds, result);
        if (attempt.Result == AttemptResult.Delivered)
        {
            _delay.Record(Math.Max(0, delay.TotalSeconds));
        }
    }

    public void Measured(long backlog, TimeSpan overdue)
    {
        Volatile.Write(ref _backlog, backlog);
        Volatile.Write(ref _oldestSeconds, overdue.TotalSeconds);
    }
}
