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
    private readonly MeanRate _rate;
    private KafkaTriggerEvaluation? _latest;

    internal KafkaTrigger(KafkaTriggerOptions options) => (_options, _rate) = (options, new MeanRate(options.Window));

    /// <summary>The newest evaluation of this process; null before the first.</summary>
    public KafkaTriggerEvaluation? Latest => Volatile.Read(ref _latest);

    /// <summary>Takes a reading into account. Not for several threads at once.</summary>
    internal (KafkaTriggerEvaluation Evaluation, double? Rate) Observe(KafkaTriggerReading reading, IReadOnlyList<KafkaTriggerDay> days)
    {
        var (mean, seen) = _rate.Observe(reading.Time - DateTimeOffset.UnixEpoch, reading.Published);
        double? rate = seen < _options.Window ? null : mean;
        var evaluation = new KafkaTriggerEvaluation(reading.Time,
        [
            Judge("rate", "events/s", rate, _options.MaxRate, day => day.Rate),
            Judge("retention", "hours", reading.Retention.TotalHours, _options.MaxRetention.TotalHours, day => day.Retention.TotalHours),
            Judge("groups", "groups", reading.Groups, _options.MaxGroups, day => day.Groups),
        ]);
        Volatile.Write(ref _latest, evaluation);
        return (evaluation, rate);

        KafkaTriggerCriterion Judge(string name, string unit, double? value, double limit, Func<KafkaTriggerDay, double?> highest)
        {
            var isOver = value > limit;
            var known = days.Where(day => highest(day) is not null);
            (double X, double Y)[] points = [.. known.Select(day => ((day.Day - reading.Time).TotalDays, highest(day)!.Value))];
            var (trend, left) = ((double?)null, isOver ? 0 : (double?)null);
            if (points.Length >= MinDays)
            {
                var (slope, reached) = LeastSquares.At(0, points);
                trend = slope;
                left = isOver ? 0 : slope * 365 > limit / 100 ? Math.Max(0, (limit - Math.Max(reached, value ?? reached)) / slope) : null;
            }

            return new(name, unit, value, limit, trend, left)
            {
                Days = [.. days.Select(day => new KafkaTriggerHighest(day.Day, highest(day)))],
                Advice = KafkaTriggerAdvice.Of(name, value, limit, left),
            };
        }
    }
}
