using System.Globalization;
using System.Text.RegularExpressions;

namespace FanOut.EndToEnd.Tests.Telemetry;

/// <summary>A page in the Prometheus text format.</summary>
internal sealed partial class MetricsPage
{
    private readonly List<(string Name, Dictionary<string, string> Labels, double Value)> _samples = [];

    public static MetricsPage Parse(string text)
    {
        var page = new MetricsPage();
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var sample = Sample().Match(line);
            if (!sample.Success)
            {
                throw new FormatException($"Not a sample: {line}");
            }

            page._samples.Add((
                sample.Groups["name"].Value,
                Label().Matches(sample.Groups["labels"].Value)
                    .ToDictionary(label => label.Groups["name"].Value, label => label.Groups["value"].Value),
                double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture)));
        }

        return page;
    }

    /// <summary>The sum of the metric's samples for the consumer group on the stream of orders; null if there is none.</summary>
    public double? OfGroup(string name, string group) =>
        _samples.Where(sample => sample.Name == name
                && sample.Labels.GetValueOrDefault("messaging_consumer_group_name") == group
                && sample.Labels.GetValueOrDefault("messaging_destination_name") == "orders"
                && sample.Labels.GetValueOrDefault("messaging_system") == "redis")
            .Select(sample => (double?)sample.Value)
            .Aggregate((double?)null, (sum, value) => (sum ?? 0) + value);

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>\S+)""")]
    private static partial Regex Sample();

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>(?:[^"\\]|\\.)*)"(,|$)""")]
    private static partial Regex Label();
}
