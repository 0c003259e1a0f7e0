using ScottPlot;

namespace FanOut.Bench.Reporting;

/// <summary>One picture per scenario: bars for what is compared, lines over the percentiles for latency.</summary>
internal static class Charts
{
    private const int Width = 900;
    private static readonly Color LimitColor = Color.FromHex("#9aa4b2");
    private static readonly Color RivalColor = Color.FromHex("#d9a05b");
    private static readonly Color OurColor = Color.FromHex("#2f6fb7");

    /// <returns>The file's name; null if there is nothing to draw.</returns>
    public static string? Write(string folder, string scenario, IReadOnlyList<Measurement> measurements)
    {
        var file = $"{scenario}.svg";
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, file);
        if (measurements.Any(seen => seen.Variant.EndsWith(" p50", StringComparison.Ordinal)))
        {
            Percentiles(scenario, measurements).SaveSvg(path, Width, 420);
            return file;
        }

        var unit = measurements[0].Unit;
        var bars = measurements.Where(seen => seen.Unit == unit).ToArray();
        if (bars.Length < 2)
        {
            return null;
        }

        Bars(scenario, unit, bars).SaveSvg(path, Width, 90 + (34 * bars.Length));
        return file;
    }

    private static Plot Bars(string scenario, string unit, Measurement[] measurements)
    {
        var plot = New(scenario);
        var bars = plot.Add.Bars(measurements.Select((seen, i) => new Bar
        {
            Position = -i,
            Value = seen.Value,
            FillColor = seen.Standing switch { Standing.Limit => LimitColor, Standing.Ours => OurColor, _ => RivalColor },
            LineWidth = 0,
            Label = seen.Ratio is { } ratio && seen.Standing != Standing.Limit
                ? $"{Quantity.Format(seen.Value)} ({ratio:0.00})"
                : Quantity.Format(seen.Value),
        }).ToArray());
        bars.Horizontal = true;
        plot.Axes.Left.SetTicks([.. measurements.Select((_, i) => (double)-i)], [.. measurements.Select(seen => seen.Variant)]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.SetLimitsX(0, measurements.Max(seen => seen.Value) * 1.22);
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { LabelFormatter = Quantity.Format };
        plot.XLabel($"{unit} (and ratio to the limit)");
        plot.HideGrid();
        return plot;
    }

    private static Plot Percentiles(string scenario, IReadOnlyList<Measurement> measurements)
    {
        var plot = New(scenario);
        string[] labels = [];
        var named = measurements.Select(seen => (Seen: seen, At: seen.Variant.LastIndexOf(" p", StringComparison.Ordinal)));
        foreach (var line in named.Where(pair => pair.At > 0).GroupBy(pair => pair.Seen.Variant[..pair.At], pair => pair.Seen))
        {
            var points = line.ToArray();
            labels = Array.ConvertAll(points, point => point.Variant[(point.Variant.LastIndexOf(' ') + 1)..]);
            var scatter = plot.Add.Scatter(Enumerable.Range(0, points.Length).ToArray(), Array.ConvertAll(points, point => Math.Log10(point.Value)));
            scatter.LegendText = line.Key;
            scatter.LineWidth = 2;
            if (points[0].Standing == Standing.Limit)
            {
                scatter.Color = LimitColor;
            }
        }

        plot.Axes.Bottom.SetTicks([.. labels.Select((_, i) => (double)i)], labels);
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
        {
            IntegerTicksOnly = true,
            LabelFormatter = value => $"{Math.Pow(10, value):0.####}",
        };
        plot.YLabel("ms");
        plot.ShowLegend(Edge.Right);
        return plot;
    }

    private static Plot New(string title)
    {
        var plot = new Plot();
        plot.Font.Set("sans-serif");
        plot.Title(title, 15);
        return plot;
    }
}
