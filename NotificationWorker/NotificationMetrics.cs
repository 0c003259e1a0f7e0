using System.Diagnostics.Metrics;
using FanOut.NotificationWorker.Sending;

namespace FanOut.NotificationWorker;

internal sealed class NotificationMetrics
{
    private readonly Counter<long> _sent;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _delay;
    private long _backlog;
    private double _overdueSeconds;

    public NotificationMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("FanOut.NotificationWorker");
        _sent = meter.CreateCounter<long>("fanout.notification.sends", "{attempt}", "Attempts to send a mail, by result.");
        _duration = meter.CreateHistogram<double>("fanout.notification.attempt.duration", "s", "How long attempts took.");
        _delay = meter.CreateHistogram<double>(
            "fanout.notification.delay",
            "s",
            "From an event's effect to its mail being accepted.",
            advice: new() { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300, 3_600, 36_000, 360_000] });
        meter.CreateObservableGauge("fanout.notification.backlog", () => Volatile.Read(ref _backlog), "{mail}", "Mails that are pending.");
        meter.CreateObservableGauge("fanout.notification.overdue", () => Volatile.Read(ref _overdueSeconds), "s", "How long the most overdue mail has been due.");
    }

    public void Sent(Outcome outcome, TimeSpan duration, TimeSpan delay)
    {
        var result = new KeyValuePair<string, object?>("fanout.notification.result", outcome.Result switch
        {
            SendResult.Sent => "sent",
            SendResult.Retry => "retry",
            _ => "failed",
        });
        _sent.Add(1, result);
        _duration.Record(duration.TotalSeconds, result);
        if (outcome.Result == SendResult.Sent)
        {
            _delay.Record(Math.Max(0, delay.TotalSeconds));
        }
    }

    public void Measured(long backlog, TimeSpan overdue)
    {
        Volatile.Write(ref _backlog, backlog);
        Volatile.Write(ref _overdueSeconds, overdue.TotalSeconds);
    }
}
