namespace FanOut.Bench.Running;

/// <summary>What was seen of one variant over all rounds.</summary>
internal sealed record Measurement(string Scenario, string Variant, string Unit, double Median, double Lowest, double Highest, double? Limit, double? Ratio);
