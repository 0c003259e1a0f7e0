using System.Globalization;
using System.Text;
using FanOut.Bench.Running;

namespace FanOut.Bench.Reporting;

/// <summary>docs/performance.md: text written by hand, with the figures between markers, which a run replaces.</summary>
internal sealed class PerformanceDocument(string root)
{
    private readonly string _file = Path.Combine(root, "docs", "performance.md");

    public string ChartFolder { get; } = Path.Combine(root, "docs", "performance");

    /// <summary>Replaces the figures of scenarios that were run; those of others stay.</summary>
    public async Task WriteAsync(IEnumerable<(IScenario Scenario, IReadOnlyList<Measurement> Measurements, string Machine)> runs, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(_file, cancellationToken);
        foreach (var (scenario, measurements, machine) in runs)
        {
            text = Replace(text, scenario.Name, Section(scenario, measurements, machine));
        }

        await File.WriteAllTextAsync(_file, text, cancellationToken);
    }

    private string Section(IScenario scenario, IReadOnlyList<Measurement> measurements, string machine)
    {
        var text = new StringBuilder().AppendLine(scenario.Description).AppendLine();
        foreach (var part in measurements.GroupBy(seen => seen.Scenario))
        {
            var seen = part.ToArray();
            text.AppendLine(CultureInfo.InvariantCulture, $"**{part.Key}**").AppendLine().AppendLine(Table(seen));
            if (Charts.Write(ChartFolder, part.Key, seen) is { } chart)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"![{part.Key}](performance/{chart})").AppendLine();
            }
        }

        return text.AppendLine("<details><summary>Machine and run</summary>").AppendLine().AppendLine(machine).AppendLine().AppendLine("</details>").ToString();
    }

    private static string Table(Measurement[] measurements)
    {
        var hasBaseline = measurements.Any(seen => seen.TimesBaseline is not null);
        var text = new StringBuilder();
        text.AppendLine(hasBaseline ? "| of the limit | x the article's | asked for | variant | median | lowest - highest | unit |" : "| of the limit | asked for | variant | median | lowest - highest | unit |");
        text.AppendLine(hasBaseline ? "|---:|---:|---|---|---:|---:|---|" : "|---:|---|---|---:|---:|---|");
        foreach (var seen in measurements)
        {
            var ratio = seen.Standing == Standing.Limit ? "limit" : seen.Ratio?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";
            var times = hasBaseline ? $"{(seen.TimesBaseline is { } value ? Quantity.Format(value) : "")} | " : "";
            var goals = seen.Goals.Count == 0 ? "" : $"{string.Join(", ", seen.Goals)}{(seen.IsReached == true ? "" : ": **short**")}";
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {ratio} | {times}{goals} | {seen.Variant} | {Quantity.Format(seen.Value)} | {Quantity.Format(seen.Lowest)} - {Quantity.Format(seen.Highest)} | {seen.Unit} |");
        }

        return text.ToString();
    }

    private string Replace(string text, string name, string section)
    {
        var (begin, end) = ($"<!-- begin:{name} -->", $"<!-- end:{name} -->");
        var from = text.IndexOf(begin, StringComparison.Ordinal);
        var to = text.IndexOf(end, StringComparison.Ordinal);
        return from >= 0 && to > from
            ? $"{text[..(from + begin.Length)]}\n{section.ReplaceLineEndings("\n")}{text[to..]}"
            : throw new InvalidOperationException($"{_file} lacks the markers {begin} and {end}, between which the figures of '{name}' stand.");
    }
}
