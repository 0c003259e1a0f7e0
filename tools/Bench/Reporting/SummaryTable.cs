using FanOut.Bench.Running;
using Spectre.Console;

namespace FanOut.Bench.Reporting;

/// <summary>The figures of one scenario on the terminal, ratios first: absolute numbers are the machine's.</summary>
internal static class SummaryTable
{
    public static void Write(IAnsiConsole console, string scenario, IReadOnlyList<Measurement> measurements)
    {
        var hasBaseline = measurements.Any(seen => seen.TimesBaseline is not null);
        var table = new Table().Title(Markup.Escape(scenario)).Border(TableBorder.Rounded);
        table.AddColumn(new TableColumn("of the limit").RightAligned());
        if (hasBaseline)
        {
            table.AddColumn(new TableColumn("x the article's").RightAligned());
        }

        table.AddColumn("asked for").AddColumn("variant").AddColumn(new TableColumn("median").RightAligned()).AddColumn(new TableColumn("lowest - highest").RightAligned()).AddColumn("unit");
        foreach (var seen in measurements)
        {
            var colour = seen.IsReached switch { true => "green", false => "red", null => seen.Standing == Standing.Ours ? "default" : "grey" };
            List<string> cells = [seen.Standing == Standing.Limit ? "limit" : seen.Ratio is { } ratio ? ratio.ToString("0.00", System.Globalization.CultureInfo.InvariantCulture) : ""];
            if (hasBaseline)
            {
                cells.Add(seen.TimesBaseline is { } times ? Quantity.Format(times) : "");
            }

            cells.AddRange([string.Join(", ", seen.Goals), seen.Variant, Quantity.Format(seen.Value), $"{Quantity.Format(seen.Lowest)} - {Quantity.Format(seen.Highest)}", seen.Unit]);
            table.AddRow([.. cells.Select(cell => new Markup($"[{colour}]{Markup.Escape(cell)}[/]"))]);
        }

        console.Write(table);
    }
}
