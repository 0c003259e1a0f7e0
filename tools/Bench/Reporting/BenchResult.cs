namespace FanOut.Bench.Reporting;

internal sealed record BenchResult(string Scenario, string Variant, string Unit, double Value, double? Limit, double? Ratio);
