using FanOut.EventBus.Maintenance;

namespace FanOut.EventBus;

/// <summary>
/// Says by measurement when it is time to move to Kafka: a sustained rate, a need for retention, or a number of groups that one Redis node is not
/// made for.
/// </summary>
public sealed class KafkaTrigger
{
    private const int MinDays = 3;
    private readonly KafkaTriggerOptions _options;
    private readonly Queue<KafkaTriggerReading> _readings = new();
    private KafkaTriggerEvaluation? _latest;

    internal KafkaTrigger(KafkaTriggerOptions options) => _options = options;

    /// <summary>The newest evaluation of this process; null before the first.</summary>
    public KafkaTriggerEvaluation? Latest => Volatile.Read(ref _latest);

    /// <summary>Takes a reading into account. Not for several threads at once.</summary>
    internal (KafkaTriggerEvaluation Evaluation, double? Rate) Observe(KafkaTriggerReading reading, IReadOnlyList<KafkaTriggerDay> days)
    {
        var rate = Sustained(reading);
        var (time, retention) = (reading.Time, reading.Retention.TotalHours);
        var evaluation = new KafkaTriggerEvaluation(time,
        [
            Judge("rate", "events/s", rate, _options.MaxRate, days.Select(day => (day.Day, day.Rate)), time),
            Judge(
                "retention",
                "hours",
                retention,
                _options.MaxRetention.TotalHours,
                days.Select(day => (day.Day, (double?)day.Retention.TotalHours)),
                time),
            Judge("groups", "groups", reading.Groups, _options.MaxGroups, days.Select(day => (day.Day, (double?)day.Groups)), time),
        ]);
        Volatile.Write(ref _latest, evaluation);
        return (evaluation, rate);
    }

    /// <summary>The mean rate over the window; null until a whole window was seen.</summary>
    private double? Sustained(KafkaTriggerReading reading)
    {
        // A counter that fell began anew, and a clock that was set back tells nothing.
        if (_readings.Count > 0 && (_readings.Last() is var last) && (reading.Published < last.Published || reading.Time <= last.Time))
        {
            _readings.Clear();
        }

        _readings.Enqueue(reading);
        while (_readings.Count > 1 && _readings.ElementAt(1).Time <= reading.Time - _options.Window)
        {
            _readings.Dequeue();
        }

        var first = _readings.Peek();
        var seen = reading.Time - first.Time;
        return seen >= _options.Window ? (reading.Published - first.Published) / seen.TotalSeconds : null;
    }

    private static KafkaTriggerCriterion Judge(
        string name, string unit, double? value, double limit, IEnumerable<(DateTimeOffset Day, double? Highest)> highest, DateTimeOffset now)
    {
        var days = highest.Where(day => day.Highest is not null).Select(day => (day.Day, Highest: day.Highest!.Value)).ToArray();
        var isOver = value > limit;
        if (days.Length < MinDays)
        {
            return new(name, unit, value, limit, null, isOver ? 0 : null);
        }

        // Least squares through the daily highest values.
        var (meanDay, meanHighest) = (days.Average(day => Days(day.Day)), days.Average(day => day.Highest));
        var slope = days.Sum(day => (Days(day.Day) - meanDay) * (day.Highest - meanHighest)) / days.Sum(day => Math.Pow(Days(day.Day) - meanDay, 2));
        var reached = meanHighest + (slope * (Days(now) - meanDay));
        double? left = isOver ? 0 : slope * 365 > limit / 100 ? Math.Max(0, (limit - Math.Max(reached, value ?? reached)) / slope) : null;
        return new(name, unit, value, limit, slope, left);

        double Days(DateTimeOffset time) => (time - days[0].Day).TotalDays;
    }
}
