using System.Globalization;

namespace FanOut.StreamConsole.Parts;

/// <summary>Numbers with their units, as a person reads them.</summary>
internal static class Format
{
    private static readonly string[] ByteUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Such as <c>12,345</c>; a dash where it is not known.</summary>
    public static string Count(long? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "–";

    /// <summary>Such as <c>12,345</c>, and <c>1.2 M</c> where there is little room.</summary>
    public static string ShortCount(double value) => Math.Abs(value) switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1_000_000_000:0.#} G"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1_000_000:0.#} M"),
        >= 10_000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1_000:0.#} k"),
        _ => value.ToString("#,0.##", CultureInfo.InvariantCulture),
    };

    /// <summary>A number a second; a dash where it is not known.</summary>
    public static string Rate(double? perSecond) => perSecond is not { } rate ? "–"
        : rate is > 0 and < 10 ? string.Create(CultureInfo.InvariantCulture, $"{rate:0.0}/s")
        : string.Create(CultureInfo.InvariantCulture, $"{rate:N0}/s");

    /// <summary>Such as <c>40 ms</c>, <c>2.5 s</c>, <c>3 min 20 s</c> or <c>2 d 4 h</c>; a dash where it is not known.</summary>
    public static string Duration(double? seconds) => seconds switch
    {
        null => "–",
        0 => "0 s",
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, seconds.Value * 1_000):0} ms"),
        < 10 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.#} s"),
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 3_600 => Two(seconds.Value, 60, "min", 1, "s"),
        < 86_400 => Two(seconds.Value, 3_600, "h", 60, "min"),
        _ => Two(seconds.Value, 86_400, "d", 3_600, "h"),
    };

    /// <summary>A time ahead that is known roughly, such as <c>12 days</c>, <c>8 months</c> or <c>more than 5 years</c>.</summary>
    public static string Days(double days) => days switch
    {
        < 1 => "less than a day",
        < 2 => "1 day",
        < 90 => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(days):0} days"),
        < 730 => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(days / 30.4):0} months"),
        < 1_826 => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(days / 365.25):0} years"),
        _ => "more than 5 years",
    };

    public static string Bytes(long? bytes)
    {
        if (bytes is not { } value)
        {
            return "–";
        }

        var unit = 0;
        double size = value;
        for (; size >= 1_024 && unit < ByteUnits.Length - 1; size /= 1_024)
        {
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {ByteUnits[unit]}");
    }

    public static string Percent(double? share) => share is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known:0.#%}") : "–";

    private static string Two(double seconds, int large, string largeUnit, int small, string smallUnit)
    {
        var (whole, rest) = ((long)seconds / large, (long)seconds % large / small);
        return rest == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{whole} {largeUnit}")
            : string.Create(CultureInfo.InvariantCulture, $"{whole} {largeUnit} {rest} {smallUnit}");
    }
}
