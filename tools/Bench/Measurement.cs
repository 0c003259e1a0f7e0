using System.Globalization;

namespace FanOut.Bench;

/// <summary>One figure over all rounds. The value is their median; the ratio is value / limit, whether more or less is better.</summary>
internal sealed record Measurement(
    string Scenario, string Variant, Standing Standing, string Unit, double Value, double Lowest, double Highest, double? Limit,
    double? TimesBaseline, IReadOnlyList<Goal> Goals)
{
    public double? Ratio => Limit is > 0 ? Value / Limit : null;

    /// <summary>Null if it has no goal.</summary>
    public bool? IsReached => Goals.Count == 0 ? null : Goals.All(goal => goal.IsMet(this));
}

/// <summary>What a figure should reach.</summary>
internal sealed record Goal(string Text, Func<Measurement, bool> IsMet)
{
    /// <summary>At least this fraction of the limit.</summary>
    public static Goal RatioAtLeast(double bound) => new($"≥ {bound:0.##} of the limit", measurement => measurement.Ratio >= bound);

    /// <summary>At most this multiple of the limit.</summary>
    public static Goal RatioAtMost(double bound) => new($"≤ {bound:0.##} of the limit", measurement => measurement.Ratio <= bound);

    /// <summary>At least this multiple of the baseline.</summary>
    public static Goal TimesBaselineAtLeast(double bound) =>
        new($"≥ {bound:0.##} x the article's", measurement => measurement.TimesBaseline >= bound);

    public static Goal ValueAtMost(double bound, string unit) => new($"≤ {bound:0.##} {unit}", measurement => measurement.Value <= bound);

    public override string ToString() => Text;
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
