using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.StreamConsole.Clients;
using FanOut.StreamConsole.Parts;

namespace FanOut.StreamConsole.Live;

/// <summary>Judges each part of the system by what the services said.</summary>
internal static class PartStates
{
    /// <summary>How old the oldest work may be.</summary>
    private const double BehindAfterSeconds = 10;

    /// <summary>How long a webhook or a mail may be due: a receiver that is slow is no fault of the system.</summary>
    private const double OverdueAfterSeconds = 60;

    /// <summary>The outbox may hold what is accepted in so many seconds.</summary>
    private const double BacklogSeconds = 5;

    private const long SmallBacklog = 1_000;

    public static Part OfApi(SystemStatus status) => OfService("Order API", status.Health[ServiceClients.OrderApi]);

    public static Part OfOutbox(SystemStatus status)
    {
        if (status.Stream.Value is not { } stream)
        {
            return new("Outbox", PartState.Away, status.Stream.Failure?.Title);
        }

        var backlog = stream.HighestPosition - stream.Published;
        return backlog > Math.Max(SmallBacklog, BacklogSeconds * (status.AcceptedRate ?? 0))
            ? stream.PublishedRate is > 0
                ? new("Outbox", PartState.Behind, $"{Format.Count(backlog)} events wait to be published.")
                : new("Outbox", PartState.Failing, $"{Format.Count(backlog)} events wait, and none is published. Check that Redis answers.")
            : new("Outbox", PartState.Flowing, null);
    }

    public static Part OfStream(SystemStatus status) => status.Stream.Value is { } stream
        ? stream.MemoryLeftSeconds is < 3_600 and var memory
            ? new("Stream", PartState.Behind, $"Redis' memory is used up in {Format.Duration(memory)} at this rate.")
            : stream.LengthLeftSeconds is < 3_600 and var length
                ? new("Stream", PartState.Behind, $"The stream reaches its greatest length in {Format.Duration(length)} at this rate.")
                : new("Stream", PartState.Flowing, null)
        : new("Stream", status.Stream.Failure is { Status: not null } ? PartState.Failing : PartState.Away, status.Stream.Failure?.Title);

    public static Part OfGroup(GroupStatus group, ServiceHealth? worker)
    {
        var state = group switch
        {
            { PausedAt: not null } => (PartState.Paused, $"Paused by {group.PausedBy}."),
            { Exists: false } => (PartState.Failing, "Redis does not have the group. It is created again automatically."),
            { LiveWorkers: 0 } => (PartState.Away, "No worker is alive."),
            _ when worker is null => (PartState.Away, "Its worker does not answer."),
            _ when worker.Status == "Unhealthy" => (PartState.Failing, worker.Reason),
            { WaitReason: { } reason } => (PartState.Failing, reason),
            { LagSeconds: > BehindAfterSeconds } => (PartState.Behind, $"The oldest event has waited for {Format.Duration(group.LagSeconds)}."),
            _ => (PartState.Flowing, (string?)null),
        };
        return new(group.Name, state.Item1, state.Item2);
    }

    public static Part OfQueue(string name, Reading<WorkQueueSummary> queue) => queue switch
    {
        { Value: null } => new(name, PartState.Away, queue.Failure?.Title),
        { Value.FailedRate: > 0 } => new(name, PartState.Failing, "Some have failed for good in the last minute."),
        { Value.OverdueSeconds: > OverdueAfterSeconds } =>
            new(name, PartState.Behind, $"The oldest has been due for {Format.Duration(queue.Value.OverdueSeconds)}."),
        _ => new(name, PartState.Flowing, null),
    };

    /// <summary>Reports are written in the transaction of the group: they are away with its worker.</summary>
    public static Part OfReports(Reading<ServiceHealth> worker) =>
        new("Reports", worker.Value is null ? PartState.Away : PartState.Flowing, worker.Failure?.Title);

    private static Part OfService(string name, Reading<ServiceHealth> health) => health.Value switch
    {
        null => new(name, PartState.Away, health.Failure?.Title),
        { Status: "Unhealthy" } unhealthy => new(name, PartState.Failing, unhealthy.Reason),
        { Status: "Degraded" } degraded => new(name, PartState.Behind, degraded.Reason),
        _ => new(name, PartState.Flowing, null),
    };
}
