namespace FanOut.Bench.Running;

/// <summary>What was seen of one figure over all rounds. The value is their median; a ratio is value / limit, whether more or less is better.</summary>
internal sealed record Measurement(string Scenario, string Variant, Standing Standing, string Unit, double Value, double Lowest, double Highest, double? Limit, double? TimesBaseline, IReadOnlyList<Goal> Goals)
{
    public double? Ratio => Limit is > 0 ? Value / Limit : null;

    /// <summary>Null where nothing was asked of it.</summary>
    public bool? IsReached => Goals.Count == 0 ? null : Goals.All(goal => goal.IsMet(this));
}
