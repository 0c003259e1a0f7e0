namespace FanOut.Contracts.Operations;

/// <summary>Whether measurement says that it is time to move to Kafka: true as soon as one criterion is over its limit.</summary>
public sealed record KafkaTriggerStatus(bool IsDue, DateTimeOffset At, string Note, IReadOnlyList<KafkaCriterion> Criteria);
