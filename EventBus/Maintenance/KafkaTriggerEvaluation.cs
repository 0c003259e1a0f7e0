namespace FanOut.EventBus;

/// <summary>Whether measurement says that it is time to move to Kafka.</summary>
/// <param name="Time">When it was evaluated, UTC.</param>
/// <param name="Criteria">Rate, retention and groups.</param>
public sealed record KafkaTriggerEvaluation(DateTimeOffset Time, IReadOnlyList<KafkaTriggerCriterion> Criteria)
{
    /// <summary>Whether a criterion is over its limit.</summary>
    public bool IsDue => Criteria.Any(criterion => criterion.IsOver);

    /// <summary>The same in words.</summary>
    public string Note => IsDue
        ? $"It is time to move to Kafka: {string.Join(", ", Criteria.Where(criterion => criterion.IsOver).Select(Describe))}."
        : $"No need for Kafka: {string.Join(", ", Criteria.Select(Describe))}.";

    private static string Describe(KafkaTriggerCriterion criterion)
    {
        var value = criterion.Value is { } known ? FormattableString.Invariant($"{known:0.#}") : "not known yet";
        var left = criterion is { IsOver: false, DaysLeft: { } days } ? FormattableString.Invariant($" ({days:0} days left by the trend)") : "";
        return FormattableString.Invariant($"{criterion.Name} {value} of {criterion.Limit:0.#} {criterion.Unit}{left}");
    }
}

/// <summary>One reason to move to Kafka, as it stood at one moment.</summary>
/// <param name="Name"><c>rate</c>, <c>retention</c> or <c>groups</c>.</param>
/// <param name="Unit">Of the numbers: <c>events/s</c>, <c>hours</c> or <c>groups</c>.</param>
/// <param name="Value">What was measured; null while it can't be told.</param>
/// <param name="Limit">Above this it is time to move.</param>
/// <param name="TrendPerDay">How much the daily highest value grows in a day; null where fewer than three whole days are known.</param>
/// <param name="DaysLeft">
/// When the trend reaches the limit; zero where the value is over it, null where it does not rise or too little is known.
/// </param>
public sealed record KafkaTriggerCriterion(string Name, string Unit, double? Value, double Limit, double? TrendPerDay, double? DaysLeft)
{
    /// <summary>Whether the value is over the limit.</summary>
    public bool IsOver => Value > Limit;

    /// <summary>The highest values of the whole days of the trend, oldest first.</summary>
    public IReadOnlyList<KafkaTriggerHighest> Days { get; init; } = [];

    /// <summary>What to do next, in one sentence.</summary>
    public required string Advice { get; init; }

    /// <summary>What is left up to the limit; negative where it is passed, null while the value can't be told.</summary>
    public double? Margin => Limit - Value;
}

/// <summary>The highest value of a day.</summary>
/// <param name="Day">When the day began, UTC.</param>
/// <param name="Value">Null where it could not be told.</param>
public sealed record KafkaTriggerHighest(DateTimeOffset Day, double? Value);
