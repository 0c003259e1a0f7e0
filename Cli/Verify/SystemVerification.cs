using System.Text.Json.Serialization;

namespace FanOut.Cli.Verify;

/// <summary>The whole system at one moment.</summary>
internal sealed record SystemVerification(
    string Stream, long Orders, long OutboxEvents, long Unpublished, long OnStream,
    IReadOnlyList<GroupTotals> Groups, IReadOnlyList<Problem> Problems, long ProblemCount)
{
    /// <summary>Whether there are no differences. Events in progress are none.</summary>
    public bool IsExact => ProblemCount == 0;

    /// <summary>Whether no event is in progress.</summary>
    public bool IsDrained => Groups.All(group => group.IsDrained);

    [JsonIgnore]
    public string Verdict => (IsExact, IsDrained) switch
    {
        (true, true) => "No differences, and every event is done.",
        (true, false) => "No differences; some events are still in progress.",
        _ => $"{ProblemCount} problem(s).",
    };
}

internal sealed record GroupTotals(
    string Group, long Done, long Effects, long Undelivered, long Pending, long Waiting, long DeadLetters, long Discarded, long Missing,
    bool IsDrained);

/// <param name="Kind">missing, doubled or stuck.</param>
/// <param name="Group">The consumer group; null for a problem of orders, outbox or stream.</param>
/// <param name="Order">The order's id, if known.</param>
/// <param name="Event">The event's id, if known.</param>
/// <param name="Position">The event's position in the outbox, if known.</param>
/// <param name="Detail">What was found, and what to do.</param>
internal sealed record Problem(string Kind, string? Group, string? Order, Guid? Event, long? Position, string Detail);
