using System.Text.Json.Serialization;

namespace FanOut.Bench.Reporting;

/// <summary>What <c>--json</c> writes.</summary>
internal sealed record BenchResults(IReadOnlyList<BenchResult> Results)
{
    public static BenchResults Of(IEnumerable<Measurement> measurements) =>
        new([.. measurements.Select(seen => new BenchResult(seen.Scenario, seen.Variant, seen.Unit, seen.Value, seen.Limit, seen.Ratio))]);

    public async Task WriteAsync(string file, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        await using var stream = File.Create(file);
        await JsonSerializer.SerializeAsync(stream, this, BenchResultsJson.Default.BenchResults, cancellationToken);
    }
}

internal sealed record BenchResult(string Scenario, string Variant, string Unit, double Value, double? Limit, double? Ratio);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(BenchResults))]
internal sealed partial class BenchResultsJson : JsonSerializerContext;
