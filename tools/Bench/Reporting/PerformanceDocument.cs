using System.Text;

namespace FanOut.Bench.Reporting;

/// <summary>docs/performance.md. A run replaces the figures between the markers.</summary>
internal sealed class PerformanceDocument(string root)
{
    private readonly string _file = Path.Combine(root, "docs", "performance.md");

    /// <summary>Replaces the figures of a scenario; those of others stay.</summary>
    public async Task WriteAsync(string scenario, IReadOnlyList<Measurement> measurements, string machine, CancellationToken cancellationToken)
    {
        var section = new StringBuilder();
        foreach (var part in measurements.GroupBy(seen => seen.Scenario))
        {
            section.Append($"**{part.Key}**\n\n{new SummaryTable([.. part]).ToMarkdown()}\n\n");
            if (Charts.Write(Path.Combine(root, "docs", "performance"), part.Key, [.. part]) is { } chart)
            {
                section.Append($"![{part.Key}](performance/{chart})\n\n");
            }
        }

        section.Append($"<details><summary>Machine and run</summary>\n\n{machine}\n\n</details>\n");
        var text = Replace(await File.ReadAllTextAsync(_file, cancellationToken), scenario, section.ToString());
        await File.WriteAllTextAsync(_file, text, cancellationToken);
    }

    private string Replace(string text, string name, string section)
    {
        var (begin, end) = ($"<!-- begin:{name} -->", $"<!-- end:{name} -->");
        var from = text.IndexOf(begin, StringComparison.Ordinal);
        var to = text.IndexOf(end, StringComparison.Ordinal);
        return from >= 0 && to > from
            ? $"{text[..(from + begin.Length)]}\n{section}{text[to..]}"
            : throw new InvalidOperationException($"{_file} needs the markers {begin} and {end} for the figures of '{name}'.");
    }
}
