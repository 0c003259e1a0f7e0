using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using Xunit;

namespace FanOut.Kubernetes.Tests;

/// <summary>Alerts, scalers and the dashboard use the metric names that Prometheus gets from the services.</summary>
public sealed partial class MetricTests(Overlays overlays) : IClassFixture<Overlays>
{
    // The header of Prometheus 3. It accepts dots in names, but the exporter does not offer them.
    private const string Accept =
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    [Fact]
    public async Task Every_metric_in_use_is_exported_by_a_service()
    {
        var shown = await ShowAsync();
        var tags = Repository.Sources().SelectMany(source => Tag().Matches(source)).Select(match => match.Groups[1].Value);
        var known = shown.Concat(tags.Select(tag => tag.Replace('.', '_'))).ToHashSet();
        var queries = Queries().ToArray();

        Assert.True(queries.Length > 30, $"Only {queries.Length} queries were found.");
        Assert.All(queries, query =>
        {
            var asked = Name().Matches(query).Select(match => match.Value).ToArray();
            Assert.All(asked, name => Assert.True(known.Contains(name), $"{name} is neither a metric nor a label of the services: {query}"));
            Assert.Contains(asked.Append("up"), name => shown.Contains(name) || query.StartsWith("up{", StringComparison.Ordinal));
        });
    }

    private IEnumerable<string> Queries()
    {
        var overlay = overlays.Read("production");
        var dashboard = JsonNode.Parse(Repository.Read("deploy", "kubernetes", "components", "monitoring", "fanout.json"))!;
        var panels = dashboard["panels"]!.AsArray().SelectMany(panel => panel!["targets"]?.AsArray() ?? []);
        return
        [
            .. overlay.All<PrometheusRule>().SelectMany(rules => rules.Rules).Select(rule => rule.Expr),
            .. overlay.All<ScaledObject>().SelectMany(scaled => scaled.Spec.Triggers).Select(trigger => trigger.Metadata["query"]),
            .. panels.Select(target => target!["expr"]!.ToString()),
            .. dashboard["templating"]!["list"]!.AsArray().Select(variable => variable!["definition"]?.ToString()).OfType<string>(),
        ];
    }

    /// <summary>Creates the documented instruments, which are the existing ones by another test, and lets the real exporter name them.</summary>
    private static async Task<HashSet<string>> ShowAsync()
    {
        using var meter = new Meter("FanOut.Names");
        var records = Instrument().Matches(Repository.Read("docs", "telemetry.md"))
            .Select(match => Make(meter, match.Groups["type"].Value, match.Groups["name"].Value, match.Groups["unit"].Value))
            .ToArray();

        Assert.True(records.Length > 25, $"Only {records.Length} instruments were found in docs/telemetry.md.");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(meter.Name).AddPrometheusExporter());
        await using var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        app.MapPrometheusScrapingEndpoint();
        await app.StartAsync(TestContext.Current.CancellationToken);
        Array.ForEach(records, record => record());

        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{app.Urls.First()}/metrics");
        Assert.True(request.Headers.TryAddWithoutValidation("Accept", Accept));
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return [.. Sample().Matches(text).Select(match => match.Groups[1].Value)];
    }

    /// <summary>Returns the action that records a first value.</summary>
    private static Action Make(Meter meter, string type, string name, string unit)
    {
        switch (type)
        {
            case "counter":
                var counter = meter.CreateCounter<long>(name, unit);
                return () => counter.Add(1);
            case "histogram":
                var histogram = meter.CreateHistogram<double>(name, unit);
                return () => histogram.Record(1);
            case "gauge":
                meter.CreateObservableGauge(name, () => 1, unit);
                return () => { };
            default:
                throw new InvalidOperationException($"{name} is a {type}: create one here too.");
        }
    }

    [GeneratedRegex(@"^\| `(?<name>(?:fanout|messaging)\.[a-z_.]+)` \| (?<type>[a-z-]+) \| `(?<unit>[^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Instrument();

    [GeneratedRegex(@"""((?:messaging|fanout|error)\.[a-z._]+)""")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\b(?:fanout|messaging)_[a-z_]+")]
    private static partial Regex Name();

    [GeneratedRegex(@"^([a-z_:]+)\{", RegexOptions.Multiline)]
    private static partial Regex Sample();
}
