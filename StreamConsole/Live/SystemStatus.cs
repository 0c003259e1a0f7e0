using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.StreamConsole.Clients;

namespace FanOut.StreamConsole.Live;

/// <summary>What all services said, at about one moment.</summary>
public sealed record SystemStatus(
    DateTimeOffset At,
    Reading<StreamStatus> Stream,
    Reading<IReadOnlyList<GroupStatus>> Groups,
    Reading<WorkQueueSummary> Webhooks,
    Reading<WorkQueueSummary> Mails,
    IReadOnlyDictionary<string, Reading<ServiceHealth>> Health,
    double? AcceptedRate)
{
    /// <summary>Whether the key that was used may not read this.</summary>
    public bool IsRefused => Stream.Failure is { IsAway: false };
}

/// <summary>What a service answered, or why it did not.</summary>
public sealed record Reading<T>(T? Value, Failure? Failure)
    where T : class;
