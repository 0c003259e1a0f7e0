using System.Globalization;
using Spectre.Console;

namespace FanOut.Bench.Reporting;

/// <summary>The figures of one scenario, ratios first: absolute numbers are the machine's.</summary>
internal sealed class SummaryTable(IReadOnlyList<Measurement> measurements)
{
    private readonly bool _hasBaseline = measurements.Any(seen => seen.TimesBaseline is not null);

    public void Write(IAnsiConsole console, string scenario)
    {
        var table = new Table().Title(Markup.Escape(scenario)).Border(TableBorder.Rounded);
        foreach (var (heading, isNumber) in Columns())
        {
            table.AddColumn(heading, column => column.Alignment = isNumber ? Justify.Right : Justify.Left);
        }

        foreach (var seen in measurements)
        {
            var colour = seen.IsReached switch { true => "green", false => "red", null => seen.Standing == Standing.Ours ? "default" : "grey" };
            table.AddRow([.. Cells(seen).Select(cell => new Markup($"[{colour}]{Markup.Escape(cell)}[/]"))]);
        }

        console.Write(table);
    }

    public string ToMarkdown()
    {
        var lines = measurements.Select(Cells)
            .Prepend([.. Columns().Select(column => column.IsNumber ? "---:" : "---")])
            .Prepend([.. Columns().Select(column => column.Heading)]);
        return string.Join('\n', lines.Select(cells => $"| {string.Join(" | ", cells)} |"));
    }

    private IEnumerable<(string Heading, bool IsNumber)> Columns() =>
    [
        ("of the limit", true), .. _hasBaseline ? [("x the article's", true)] : Array.Empty<(string, bool)>(),
        ("asked for", false), ("variant", false), ("median", true), ("lowest - highest", true), ("unit", false),
    ];

    private string[] Cells(Measurement seen) =>
    [
        seen.Standing == Standing.Limit ? "limit" : seen.Ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? "",
        .. _hasBaseline ? [seen.TimesBaseline is { } times ? Quantity.Format(times) : ""] : Array.Empty<string>(),
        string.Join(", ", seen.Goals) + (seen.IsReached is false ? ": short" : ""),
        seen.Variant,
        Quantity.Format(seen.Value),
        $"{Quantity.Format(seen.Lowest)} - {Quantity.Format(seen.Highest)}",
        seen.Unit,
    ];
}
