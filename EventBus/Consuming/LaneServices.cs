using FanOut.EventBus.Groups;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Logging;

namespace FanOut.EventBus.Consuming;

/// <summary>What the lanes and the retry worker of a process share.</summary>
/// <param name="Groups">Consumer groups.</param>
/// <param name="Metrics">Counters.</param>
/// <param name="CommittedSince">
/// Tells the outboxes of this process that a transaction was committed that began at a timestamp, in which a handler may have added events.
/// </param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">The log.</param>
internal sealed record LaneServices(ConsumerGroups Groups, EventBusMetrics Metrics, Action<long> CommittedSince, TimeProvider Time, ILogger Logger)
{
    /// <summary>What they have finished.</summary>
    public FinishedEvents Finished { get; } = new(Time);

    /// <summary>Whether they may take up more.</summary>
    public OperatorPause Pause { get; } = new();

    /// <summary>Counts what became of a batch.</summary>
    public void Report(RegisteredGroup group, BatchOutcome outcome)
    {
        var (stream, name) = (group.Stream.Name, group.Name);
        Metrics.Retries(stream, name, outcome.Retries);
        Metrics.DeadLettered(stream, name, outcome.DeadLetters);
        Metrics.Duplicates(stream, name, outcome.Duplicates);
        Metrics.Strays(stream, name, outcome.Strays);
        Metrics.Ignored(stream, name, outcome.Ignored);
    }
}
