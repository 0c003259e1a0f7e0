using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using FanOut.Contracts;
using FanOut.EventBus;
using FanOut.NotificationWorker;
using FanOut.Services.Tests.ServiceDefaults;
using FanOut.TestServers;
using FanOut.WebhookWorker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace FanOut.Services.Tests;

/// <summary>docs/telemetry.md lists exactly the metrics and spans that exist.</summary>
public sealed partial class TelemetryDocumentTests
{
    private static readonly Dictionary<string, string> Types = new()
    {
        ["Counter"] = "counter",
        ["UpDownCounter"] = "up-down counter",
        ["Histogram"] = "histogram",
        ["ObservableGauge"] = "gauge",
        ["ObservableCounter"] = "counter",
        ["Gauge"] = "gauge",
    };

    [Fact]
    public async Task The_documented_metrics_are_the_existing_ones()
    {
        var made = new ConcurrentDictionary<string, (string Type, string Unit, string Meaning)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name is "FanOut.EventBus" or "FanOut.WebhookWorker" or "FanOut.NotificationWorker")
                {
                    made[instrument.Name] = (Types[instrument.GetType().Name.Split('`')[0]], instrument.Unit ?? "", instrument.Description ?? "");
                }
            },
        };
        listener.Start();

        await using (await StartEverythingAsync())
        {
            var documented = Metric().Matches(Document())
                .Select(match => Row(Value(match, "name"), Value(match, "type"), Value(match, "unit"), Value(match, "meaning")))
                .ToList();

            // The reclaimer and the group make theirs when they have found their stream.
            await Eventually.BecomesTrueAsync(() => Task.FromResult(made.Count >= documented.Count));
            var rows = made.Select(pair => Row(pair.Key, pair.Value.Type, pair.Value.Unit, pair.Value.Meaning)).ToList();

            Assert.True(rows.Count > 40, $"Only {rows.Count} instruments were made.");
            Assert.Empty(rows.Except(documented));
            Assert.Empty(documented.Except(rows));
            Assert.Equal(rows.Count, documented.Count);
        }
    }

    [Fact]
    public void The_documented_spans_and_span_events_are_the_existing_ones()
    {
        var sources = Directory.EnumerateFiles(Root(), "*.cs", SearchOption.AllDirectories)
            .Where(file => new[] { "EventBus", "OrderApi", "WebhookWorker", "AnalyticsWorker", "NotificationWorker", "Reclaimer" }
                .Any(project => file.StartsWith(Path.Combine(Root(), project) + Path.DirectorySeparatorChar, StringComparison.Ordinal)))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(File.ReadAllText)
            .ToList();
        var spans = Names(SpanName(), sources.Where(source => source.Contains("ActivityKind.", StringComparison.Ordinal))).Select(Shape);
        var events = Names(EventName(), sources.Where(source => source.Contains("class BatchTrace", StringComparison.Ordinal)));

        var documented = Document().Split("## Spans")[1].Split("| span event |");
        Assert.Equal(Sorted(spans), Names(FirstColumn(), [documented[0]]).Select(Shape).Order(StringComparer.Ordinal));
        Assert.Equal(Sorted(events), Names(FirstColumn(), [documented[1]]).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Names(Regex pattern, IEnumerable<string> texts) =>
        texts.SelectMany(text => pattern.Matches(text)).Select(match => Value(match, "name"));

    private static IEnumerable<string> Sorted(IEnumerable<string> names) => names.Distinct().Order(StringComparer.Ordinal);

    private static string Value(Match match, string group) => match.Groups[group].Value;

    private static string Row(string name, string type, string unit, string meaning) => $"{name} | {type} | {unit} | {meaning}";

    private static string Shape(string name) => Placeholder().Replace(name, "{}");

    /// <summary>One process that does what all services do.</summary>
    private static async Task<DefaultService> StartEverythingAsync()
    {
        var redis = await RedisServer.SharedAsync();
        var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        return await DefaultService.StartAsync(
            new()
            {
                ["ConnectionStrings:redis"] = redis.NewDatabase(),
                ["ConnectionStrings:fanout"] = database.ConnectionString,
            },
            builder =>
            {
                builder.AddRedisClient("redis");
                builder.AddNpgsqlDataSource("fanout");
                builder.AddEventBus()
                    .AddEvent(OrderPlaced.EventType, ContractsJson.Default.OrderPlaced)
                    .AddStream(EventStreams.Orders, stream => stream
                        .AddOutbox()
                        .AddReclaimer()
                        .AddConsumerGroup("documented", group => group.Subscribe<OrderPlaced, NoHandler>()));
                builder.Services.AddSingleton<WebhookMetrics>().AddSingleton<NotificationMetrics>();
            },
            app =>
            {
                app.Services.GetRequiredService<WebhookMetrics>();
                app.Services.GetRequiredService<NotificationMetrics>();
            });
    }

    private sealed class NoHandler : IEventHandler<OrderPlaced>
    {
        public Task HandleAsync(EventContext<OrderPlaced> context, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private static string Document() => File.ReadAllText(Path.Combine(Root(), "docs", "telemetry.md"));

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "FanOut.sln")))
        {
            folder = Path.GetDirectoryName(folder)
                ?? throw new InvalidOperationException($"There is no FanOut.sln above {AppContext.BaseDirectory}.");
        }

        return folder;
    }

    [GeneratedRegex(
        @"^\| `(?<name>(?:fanout|messaging)\.[a-z_.]+)` \| (?<type>[a-z-]+) \| `(?<unit>[^`]+)` \| [^|]*\| (?<meaning>[^|]+) \| [a-z, -]+ \|$",
        RegexOptions.Multiline)]
    private static partial Regex Metric();

    [GeneratedRegex(@"^\| `(?<name>[a-z][^`]*)` \|", RegexOptions.Multiline)]
    private static partial Regex FirstColumn();

    [GeneratedRegex(@"(?:StartActivity\(\s*|var name = )\$?""(?<name>[^""]+)""")]
    private static partial Regex SpanName();

    [GeneratedRegex(@"public const string \w+ = ""(?<name>[^""]+)""")]
    private static partial Regex EventName();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Placeholder();
}
