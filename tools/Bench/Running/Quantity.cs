using System.Globalization;

namespace FanOut.Bench.Running;

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
