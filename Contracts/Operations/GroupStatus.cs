namespace FanOut.Contracts.Operations;

/// <summary>
/// How a consumer group stood at <see cref="At"/>. <see cref="Lag"/> counts events that were not delivered to it yet (there may be more where <see cref="LagIsLowerBound"/>), <see cref="Pending"/> what is delivered and
/// unfinished, <see cref="Parked"/> what failed and waits for its next attempt, <see cref="DeadLetters"/> what nobody has decided about.
/// </summary>
public sealed record GroupStatus(
    string Name,
    string Stream,
    DateTimeOffset At,
    bool Exists,
    long Lag,
    bool LagIsLowerBound,
    double LagSeconds,
    long Pending,
    long Parked,
    int LiveLanes,
    long DeadLetters,
    string Checkpoint,
    string? LastDelivered,
    double OldestIdleSeconds,
    IReadOnlyList<ConsumerStatus> Consumers);
