using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.Extensions.Validation;
using Refit;

namespace FanOut.Contracts.Operations;

/// <summary>
/// Which events of the outbox to list, newest first; null = any. <c>from</c> is where to begin: a position (42), a time (RFC 3339), the id of
/// an event or of an entry of the stream. <c>subject</c> and <c>type</c> must be equal, <c>text</c> is contained in the data.
/// </summary>
[ValidatableType]
public sealed record EventQuery(
    [property: AliasAs("from"), Text(100)] string? From = null,
    [property: AliasAs("type"), Text(500)] string? Type = null,
    [property: AliasAs("subject"), Text(500)] string? Subject = null,
    [property: AliasAs("text"), Text(500)] string? Text = null,
    [property: AliasAs("limit"), Range(1, 200, ErrorMessage = "must be from {1} to {2}")] int Limit = 50,
    [property: AliasAs("after"), Cursor] string? After = null);

/// <summary>
/// Events, newest first. A request searches a limited number of events: <c>searchedTo</c> is the lowest position that it has looked at, and
/// there is a next page while lower ones exist, also where nothing was found. <c>newest</c> and <c>oldest</c> are the highest and the lowest
/// position of the outbox, 0 where it is empty.
/// </summary>
public sealed record EventPage(
    IReadOnlyList<EventSummary> Events,
    long Newest,
    long Oldest,
    long SearchedTo,
    DateTimeOffset? SearchedToTime,
    string? After = null,
    string? Next = null);

/// <summary>
/// <c>time</c> is when it happened, <c>recordedAt</c> when it was written to the outbox; <c>size</c> is the bytes of its data.
/// </summary>
public sealed record EventSummary(
    long Position, Guid Id, string Type, string Source, string Subject, DateTimeOffset Time, DateTimeOffset RecordedAt, int Size);

/// <summary>
/// An event with its data (<c>data</c> if it is JSON, otherwise <c>dataBase64</c>), its headers and its way through the groups. <c>entry</c> is
/// the id of its entry on the stream, null where it is not there: not yet, or trimmed because every group has it.
/// </summary>
public sealed record EventDetails(
    EventSummary Event,
    JsonElement? Data,
    string? DataBase64,
    IReadOnlyList<EntryField> Headers,
    string? Trace,
    bool IsPublished,
    string? Entry,
    IReadOnlyList<EventInGroup> Groups);

/// <summary>
/// <c>state</c> is <c>unread</c>, <c>pending</c> (a lane works on it), <c>waiting</c> (for its next attempt), <c>done</c>, <c>dead</c> or
/// <c>discarded</c>. <c>number</c> is that of the row in the retry queue.
/// </summary>
public sealed record EventInGroup(
    string Group,
    string State,
    string? Owner = null,
    int? Deliveries = null,
    string? Error = null,
    DateTimeOffset? NextAttemptAt = null,
    long? Number = null);

/// <summary>The processes that run a group's lanes, and those that were last seen within a day.</summary>
public sealed record WorkerList(IReadOnlyList<WorkerStatus> Workers);

/// <summary>
/// <c>state</c> is <c>working</c>, <c>paused</c> (the group is, and it has stopped reading), <c>waiting</c> (its lanes read nothing, for
/// <c>reason</c>), <c>stopped</c> (it has said so) or <c>gone</c> (it has not been seen for 15 seconds). <c>rate</c> is the events that it
/// finished a second, lately.
/// </summary>
public sealed record WorkerStatus(
    string Name, string State, string? Reason, int Lanes, double Rate, DateTimeOffset StartedAt, DateTimeOffset SeenAt);

/// <summary>A page of what a group is at, or will do later. A cursor is two numbers.</summary>
[ValidatableType]
public sealed record BacklogQuery(
    [property: AliasAs("limit"), Range(1, 200, ErrorMessage = "must be from {1} to {2}")] int Limit = 50,
    [property: AliasAs("after"), RegularExpression("^[0-9]{1,16}-[0-9]{1,18}$", ErrorMessage = "must be the cursor of an earlier page")]
    string? After = null);

/// <summary>Entries that are delivered and not acknowledged, oldest first, and the next page.</summary>
public sealed record PendingPage(IReadOnlyList<PendingEntry> Entries, string? After = null, string? Next = null);

public sealed record PendingEntry(string Entry, long? Position, string Owner, bool IsOwnerLive, double IdleSeconds, long Deliveries);

/// <summary>Events that wait in the retry queue of a group, next attempt first, and the next page.</summary>
public sealed record RetryPage(IReadOnlyList<RetryEntry> Retries, string? After = null, string? Next = null);

/// <summary><c>state</c> is <c>waiting</c> or <c>claimed</c>: then a worker is at it until <c>dueAt</c>.</summary>
public sealed record RetryEntry(
    long Number,
    long? Position,
    Guid? EventId,
    string? Type,
    string? Subject,
    int Deliveries,
    int MaxDeliveries,
    string Error,
    string State,
    DateTimeOffset DueAt,
    DateTimeOffset CreatedAt);

/// <summary>The parameters of <c>GET /history</c>: 15 minutes in steps of 10 seconds, an hour of 30 seconds, or a day of 10 minutes.</summary>
[ValidatableType]
public sealed record HistoryQuery([property: AliasAs("range"), OneOf("15m", "1h", "1d")] string? Range = null);

/// <summary>
/// How the stream and its groups stood over a range (<c>15m</c>, <c>1h</c> or <c>1d</c>): a point for each step, oldest first.
/// </summary>
public sealed record StreamHistory(string Range, int StepSeconds, IReadOnlyList<StreamPoint> Stream, IReadOnlyList<GroupHistory> Groups);

/// <summary>
/// <c>rate</c> is events published a second, <c>backlog</c> events in the outbox that are not on the stream; each is the step's highest but for
/// the rate.
/// </summary>
public sealed record StreamPoint(DateTimeOffset At, double? Rate, long Backlog, long Length);

public sealed record GroupHistory(string Group, IReadOnlyList<GroupPoint> Points);

/// <summary>
/// The highest of the step, but for <c>rate</c> and the percentiles: those are over all events that were finished in it, null where none was.
/// </summary>
public sealed record GroupPoint(
    DateTimeOffset At,
    long Lag,
    double LagSeconds,
    long Pending,
    long Waiting,
    long DeadLetters,
    double? Rate,
    double? P50Seconds,
    double? P99Seconds);

/// <summary>The parameters of <c>GET /actions</c>.</summary>
[ValidatableType]
public sealed record ActionQuery(
    [property: Range(1, 200, ErrorMessage = "must be from {1} to {2}")] int Limit = 50, [property: Cursor] string? After = null);

/// <summary>What operators and accounts changed, newest first, and the next page.</summary>
public sealed record ActionPage(IReadOnlyList<OperatorAction> Actions, string? After = null, string? Next = null);

/// <summary>
/// An action that a caller asked for: <c>action</c> is what (such as <c>redrive dead letters</c>), <c>target</c> on what, and <c>status</c> the
/// HTTP status that answered it, null where the service ended before it could say.
/// </summary>
public sealed record OperatorAction(long Id, DateTimeOffset At, string By, string Service, string Action, string? Target, int? Status);
