namespace FanOut.EventBus.Reclaiming;

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

    private static string Describe(KafkaTriggerCriterion criterion) => FormattableString.Invariant(
        $"{criterion.Name} {(criterion.Value is { } value ? FormattableString.Invariant($"{value:0.#}") : "not known yet")} of {criterion.Limit:0.#} {criterion.Unit}{(criterion is { IsOver: false, DaysLeft: { } days } ? FormattableString.Invariant($" ({days:0} days left by the trend)") : "")}");
}
