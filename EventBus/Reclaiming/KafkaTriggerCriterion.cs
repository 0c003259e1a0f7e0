namespace FanOut.EventBus.Reclaiming;

/// <summary>One reason to move to Kafka, as it stood at one moment.</summary>
/// <param name="Name"><c>rate</c>, <c>retention</c> or <c>groups</c>.</param>
/// <param name="Unit">Of the numbers: <c>events/s</c>, <c>hours</c> or <c>groups</c>.</param>
/// <param name="Value">What was measured; null while it can't be told.</param>
/// <param name="Limit">Above this it is time to move.</param>
/// <param name="TrendPerDay">How much the daily highest value grows in a day; null where fewer than three whole days are known.</param>
/// <param name="DaysLeft">When the trend reaches the limit; zero where the value is over it, null where it does not rise or too little is known.</param>
public sealed record KafkaTriggerCriterion(string Name, string Unit, double? Value, double Limit, double? TrendPerDay, double? DaysLeft)
{
    /// <summary>Whether the value is over the limit.</summary>
    public bool IsOver => Value > Limit;

    /// <summary>What is left up to the limit; negative where it is passed, null while the value can't be told.</summary>
    public double? Margin => Limit - Value;
}
