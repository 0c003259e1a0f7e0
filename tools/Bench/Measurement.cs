using System.Globalization;

namespace FanOut.Bench.Running;

/// <summary>What was seen of one figure over all rounds. The value is their median; a ratio is value / limit, whether more or less is better.</summary>
internal sealed record Measurement(string Scenario, string Variant, Standing Standing, string Unit, double Value, double Lowest, double Highest, double? Limit, double? TimesBaseline, IReadOnlyList<Goal> Goals)
{
    public double? Ratio => Limit is > 0 ? Value / Limit : null;

    /// <summary>Null where nothing was asked of it.</summary>
    public bool? IsReached => Goals.Count == 0 ? null : Goals.All(goal => goal.IsMet(this));
}

/// <summary>What a figure should reach.</summary>
internal sealed record Goal
{
    private readonly Func<Measurement, double?> _value;
    private readonly double _bound;
    private readonly bool _isLeast;
    private readonly string _unit;

    private Goal(Func<Measurement, double?> value, double bound, bool isLeast, string unit)
    {
        _value = value;
        _bound = bound;
        _isLeast = isLeast;
        _unit = unit;
    }

    /// <summary>So much of the limit, or more.</summary>
    public static Goal RatioAtLeast(double bound) => new(measurement => measurement.Ratio, bound, true, " of the limit");

    /// <summary>So many times the limit, or less.</summary>
    public static Goal RatioAtMost(double bound) => new(measurement => measurement.Ratio, bound, false, " of the limit");

    /// <summary>So many times the baseline, or more.</summary>
    public static Goal TimesBaselineAtLeast(double bound) => new(measurement => measurement.TimesBaseline, bound, true, " x the article's");

    public static Goal ValueAtMost(double bound, string unit) => new(measurement => measurement.Value, bound, false, " " + unit);

    public bool IsMet(Measurement measurement) => _value(measurement) is { } value && (_isLeast ? value >= _bound : value <= _bound);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(_isLeast ? "≥" : "≤")} {_bound:0.##}{_unit}");
}

internal static class Quantity
{
    /// <summary>Three digits or more: 0.173, 4.06, 17.3, 1,234.</summary>
    public static string Format(double value) => Math.Abs(value) switch
    {
        0 => "0",
        < 1 => value.ToString("0.000", CultureInfo.InvariantCulture),
        < 10 => value.ToString("0.00", CultureInfo.InvariantCulture),
        < 100 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("n0", CultureInfo.InvariantCulture),
    };
}
