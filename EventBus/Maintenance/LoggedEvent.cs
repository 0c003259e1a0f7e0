namespace FanOut.EventBus;

/// <summary>Which events of the outbox are meant: those that match everything that is set. Unset = any.</summary>
public sealed record EventLogFilter
{
    /// <summary>The event's type, exactly.</summary>
    public string? Type { get; init; }

    /// <summary>The event's subject, exactly.</summary>
    public string? Subject { get; init; }

    /// <summary>
    /// Text that the event's data contains, as it is or as JSON escapes it. The case of ASCII letters is ignored; other letters are found as
    /// given, all in capitals, and all in small letters.
    /// </summary>
    public string? Text { get; init; }
}

/// <summary>An event of the outbox.</summary>
/// <param name="Position">Its position.</param>
/// <param name="Id">Its id.</param>
/// <param name="Type">Its type.</param>
/// <param name="Source">Its source.</param>
/// <param name="Subject">Its subject; may be empty.</param>
/// <param name="Time">When it happened, UTC.</param>
/// <param name="RecordedAt">When it was written to the outbox, UTC.</param>
/// <param name="Size">The bytes of its data.</param>
public sealed record LoggedEvent(
    long Position, Guid Id, string Type, string Source, string Subject, DateTimeOffset Time, DateTimeOffset RecordedAt, int Size);

/// <summary>Events of the outbox, newest first.</summary>
/// <param name="Events">The events.</param>
/// <param name="Newest">The highest position of the outbox; 0 where it is empty.</param>
/// <param name="Oldest">The lowest position of the outbox; 0 where it is empty.</param>
/// <param name="SearchedTo">The lowest position that was looked at: a search ends after a while, also where nothing was found.</param>
/// <param name="SearchedToTime">When an event there was written, UTC; null in an empty outbox.</param>
/// <param name="Next">What to ask for the next page with; null where all was looked at.</param>
public sealed record LoggedEventPage(
    IReadOnlyList<LoggedEvent> Events, long Newest, long Oldest, long SearchedTo, DateTimeOffset? SearchedToTime, long? Next);

/// <summary>All that is known of an event.</summary>
/// <param name="Event">The event.</param>
/// <param name="Data">Its data.</param>
/// <param name="Headers">The fields that its entry has on the stream, but for the data.</param>
/// <param name="TraceId">The trace in which it was published: 32 hexadecimal digits; null where it has none.</param>
/// <param name="IsPublished">Whether a relay has put it on the stream.</param>
/// <param name="EntryId">Its entry on the stream; null where it is not there: not yet, or trimmed because every group has it.</param>
/// <param name="Deliveries">How each group stands with it, by name.</param>
public sealed record LoggedEventDetails(
    LoggedEvent Event,
    ReadOnlyMemory<byte> Data,
    IReadOnlyList<DeadLetterField> Headers,
    string? TraceId,
    bool IsPublished,
    string? EntryId,
    IReadOnlyList<EventDelivery> Deliveries);

/// <summary>How a group stands with an event.</summary>
/// <param name="Group">The group.</param>
/// <param name="State">What it has done with it.</param>
/// <param name="Owner">Of a pending entry, the consumer that has it.</param>
/// <param name="Attempts">Deliveries of its entry while it is pending; of its row in the retry queue, those that failed; otherwise null.</param>
/// <param name="Error">Why it failed last; null where it did not.</param>
/// <param name="ReachedAt">When it failed, or was discarded, UTC; null in other states.</param>
/// <param name="NextAttemptAt">Of one that waits, when it is due, UTC.</param>
/// <param name="Number">The number of its row in the retry queue.</param>
public sealed record EventDelivery(
    GroupName Group,
    EventDeliveryState State,
    string? Owner = null,
    int? Attempts = null,
    string? Error = null,
    DateTimeOffset? ReachedAt = null,
    DateTimeOffset? NextAttemptAt = null,
    long? Number = null);

/// <summary>What a group has done with an event.</summary>
public enum EventDeliveryState
{
    /// <summary>Nothing: it is still to be delivered.</summary>
    Unread,

    /// <summary>A worker is at it.</summary>
    Pending,

    /// <summary>It failed, was left by a dead worker or was redriven, and waits for its next attempt.</summary>
    Waiting,

    /// <summary>Its effect is committed; or it is from before the group's start, or of a type to which the group has not subscribed.</summary>
    Done,

    /// <summary>It is a dead letter.</summary>
    Dead,

    /// <summary>It is a dead letter that somebody discarded.</summary>
    Discarded,
}
