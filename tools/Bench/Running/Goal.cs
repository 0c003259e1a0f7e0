using System.Globalization;

namespace FanOut.Bench.Running;

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
