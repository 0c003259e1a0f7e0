using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace FanOut.EventBus;

/// <summary>What has been decided about a dead letter.</summary>
public enum DeadLetterState
{
    /// <summary>Nothing yet, or it failed again after it was redriven.</summary>
    Dead,

    /// <summary>It goes to its group once more.</summary>
    Redriven,

    /// <summary>It never goes to its group again.</summary>
    Discarded,
}

/// <summary>An event that one group could not handle, or an entry of the stream that is no event of the outbox.</summary>
public record DeadLetterSummary
{
    /// <summary>Its number. An event keeps it when it is redriven and fails again.</summary>
    public required long Number { get; init; }

    /// <summary>The group.</summary>
    public required GroupName Group { get; init; }

    /// <summary>
    /// The event's position in the outbox; null where the entry is none of its events. Such an entry cannot be redriven.
    /// </summary>
    public required long? Position { get; init; }

    /// <summary>The entry's id on the stream; null where the event did not come from there.</summary>
    public required string? EntryId { get; init; }

    /// <summary>The event's id; null where the entry is not an event.</summary>
    public required Guid? EventId { get; init; }

    /// <summary>The event's type; null where the entry is not an event.</summary>
    public required string? Type { get; init; }

    /// <summary>The event's subject; null where the entry is not an event or has none.</summary>
    public required string? Subject { get; init; }

    /// <summary>When the event happened, UTC; null where the entry is not an event.</summary>
    public required DateTimeOffset? Time { get; init; }

    /// <summary>Deliveries that ended in a failure or not at all, since it was last redriven.</summary>
    public required int Attempts { get; init; }

    /// <summary>Why it could not be handled.</summary>
    public required string Error { get; init; }

    /// <summary>When it became a dead letter, UTC.</summary>
    public required DateTimeOffset DeadLetteredAt { get; init; }

    /// <summary>What has been decided about it.</summary>
    public required DeadLetterState State { get; init; }

    /// <summary>When somebody redrove, discarded or restored it last, UTC; null where nobody did.</summary>
    public required DateTimeOffset? ChangedAt { get; init; }

    /// <summary>Who redrove, discarded or restored it last; null where nobody did.</summary>
    public required string? ChangedBy { get; init; }

    /// <summary>
    /// The error without what differs from event to event: numbers, ids, addresses and quoted text; one line of at most 200 characters. Empty for
    /// one that was redriven.
    /// </summary>
    public required string Kind { get; init; }

    /// <summary>The redrive or discard that changed it last, for <see cref="DeadLetterQueue.UndoAsync"/>; null where nobody did.</summary>
    public required Guid? Change { get; init; }
}

/// <summary>All that is known of a dead letter.</summary>
public sealed record DeadLetterDetails : DeadLetterSummary
{
    [SetsRequiredMembers]
    internal DeadLetterDetails(
        DeadLetterSummary summary,
        string? source,
        ReadOnlyMemory<byte>? data,
        IReadOnlyList<DeadLetterField> fields,
        IReadOnlyList<DeadLetterMoment> history)
        : base(summary) =>
        (Source, Data, Fields, History) = (source, data, fields, history);

    /// <summary>The event's source; null where the entry is not an event or has none.</summary>
    public string? Source { get; }

    /// <summary>The event's data; null where the entry is not an event.</summary>
    public ReadOnlyMemory<byte>? Data { get; }

    /// <summary>The fields that the entry has on the stream, in their order; of an entry that is no event, its fields as they were.</summary>
    public IReadOnlyList<DeadLetterField> Fields { get; }

    /// <summary>What happened to it, oldest first: the last 30 failures and decisions.</summary>
    public IReadOnlyList<DeadLetterMoment> History { get; }
}

/// <summary>Something that happened to an event of the retry queue.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="What">What.</param>
/// <param name="Attempts">Deliveries until then that ended in a failure or not at all.</param>
/// <param name="Error">Of a failure, why: the first 500 characters.</param>
/// <param name="By">Of a decision, who.</param>
public sealed record DeadLetterMoment(DateTimeOffset At, DeadLetterMomentKind What, int Attempts, string? Error = null, string? By = null);

/// <summary>What can happen to an event of the retry queue.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DeadLetterMomentKind>))]
public enum DeadLetterMomentKind
{
    /// <summary>It failed, and waits for its next attempt.</summary>
    Failed,

    /// <summary>It became a dead letter.</summary>
    Dead,

    /// <summary>Somebody redrove it.</summary>
    Redriven,

    /// <summary>Somebody discarded it.</summary>
    Discarded,

    /// <summary>Somebody undid a redrive or discard: it is a dead letter again.</summary>
    Restored,
}

/// <summary>A field of an entry.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its bytes; mostly UTF-8 text.</param>
public sealed record DeadLetterField(string Name, ReadOnlyMemory<byte> Value);

/// <summary>Dead letters, newest first.</summary>
/// <param name="Letters">The dead letters.</param>
/// <param name="Next">The number to ask for the next page with; null on the last.</param>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetterSummary> Letters, long? Next);

/// <summary>How many events of a group are in the retry queue.</summary>
/// <param name="Group">The group.</param>
/// <param name="Waiting">Events that wait for their next attempt.</param>
/// <param name="Dead">Dead letters about which nothing is decided.</param>
/// <param name="Discarded">Dead letters that were discarded and are kept.</param>
public sealed record DeadLetterCounts(GroupName Group, long Waiting, long Dead, long Discarded);

/// <summary>Dead letters of one group and type that have the same kind of error.</summary>
/// <param name="Group">The group.</param>
/// <param name="Type">The event's type; null where the entries are not events.</param>
/// <param name="Kind">The kind of the error: <see cref="DeadLetterSummary.Kind"/>.</param>
/// <param name="Example">The error of one of them.</param>
/// <param name="Count">How many there are.</param>
/// <param name="FirstAt">When the first of them became a dead letter, UTC.</param>
/// <param name="LastAt">When the last of them did, UTC.</param>
public sealed record DeadLetterError(
    GroupName Group, string? Type, string Kind, string Example, long Count, DateTimeOffset FirstAt, DateTimeOffset LastAt);
