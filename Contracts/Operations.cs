using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Validation;
using Refit;

namespace FanOut.Contracts.Operations;

public interface IOperationsApi
{
    [Get("/streams")]
    Task<StreamList> ListStreamsAsync(CancellationToken cancellationToken = default);

    [Get("/groups")]
    Task<GroupList> ListGroupsAsync(CancellationToken cancellationToken = default);

    [Get("/groups/{name}")]
    Task<GroupStatus> GetGroupAsync(string name, CancellationToken cancellationToken = default);

    [Get("/groups/{name}/workers")]
    Task<WorkerList> ListWorkersAsync(string name, CancellationToken cancellationToken = default);

    [Get("/groups/{name}/pending")]
    Task<PendingPage> ListPendingAsync(string name, int? limit = null, string? after = null, CancellationToken cancellationToken = default);

    [Get("/groups/{name}/retries")]
    Task<RetryPage> ListRetriesAsync(string name, int? limit = null, string? after = null, CancellationToken cancellationToken = default);

    [Post("/groups/{name}/pause")]
    Task<GroupStatus> PauseGroupAsync(string name, CancellationToken cancellationToken = default);

    [Post("/groups/{name}/resume")]
    Task<GroupStatus> ResumeGroupAsync(string name, CancellationToken cancellationToken = default);

    [Get("/history")]
    Task<StreamHistory> GetHistoryAsync(string? range = null, CancellationToken cancellationToken = default);

    [Get("/events")]
    Task<EventPage> ListEventsAsync([Query] EventQuery? query = null, CancellationToken cancellationToken = default);

    [Get("/events/{position}")]
    Task<EventDetails> GetEventAsync(long position, CancellationToken cancellationToken = default);

    [Get("/orders/{id}/journey")]
    Task<Journey> GetJourneyAsync(Guid id, CancellationToken cancellationToken = default);

    [Get("/actions")]
    Task<ActionPage> ListActionsAsync(int? limit = null, string? after = null, CancellationToken cancellationToken = default);

    [Get("/dead-letters/errors")]
    Task<DeadLetterErrorList> ListDeadLetterErrorsAsync(
        string? group = null, string? state = null, CancellationToken cancellationToken = default);

    [Post("/dead-letters/undo")]
    Task<UndoneChange> UndoAsync([Body] UndoChange change, CancellationToken cancellationToken = default);

    [Get("/dead-letters")]
    Task<DeadLetterPage> ListDeadLettersAsync([Query] DeadLetterQuery? query = null, CancellationToken cancellationToken = default);

    [Get("/dead-letters/{number}")]
    Task<DeadLetterDetails> GetDeadLetterAsync(long number, CancellationToken cancellationToken = default);

    [Post("/dead-letters/{number}/redrive")]
    Task<DeadLetter> RedriveAsync(long number, CancellationToken cancellationToken = default);

    [Post("/dead-letters/redrive")]
    Task<DecidedMany> RedriveManyAsync([Body] DecideMany decision, CancellationToken cancellationToken = default);

    [Post("/dead-letters/{number}/discard")]
    Task<DeadLetter> DiscardAsync(long number, CancellationToken cancellationToken = default);

    [Post("/dead-letters/discard")]
    Task<DecidedMany> DiscardManyAsync([Body] DecideMany decision, CancellationToken cancellationToken = default);

    [Get("/kafka-trigger")]
    Task<KafkaTriggerStatus> GetKafkaTriggerAsync(CancellationToken cancellationToken = default);
}

public sealed record StreamList(IReadOnlyList<StreamStatus> Streams);

/// <summary>
/// The state of the stream at <c>at</c>. <c>highestPosition</c> is the last event in the outbox, <c>published</c> the last one on the
/// stream, and <c>publishedRate</c> events a second. <c>memory</c> is what the stream uses as its Redis estimates it, <c>memoryUsed</c>
/// what all of that Redis uses, in bytes; <c>memoryLimit</c> is null without a limit. The seconds left are until memory or the limit of
/// entries is used up at the rate of the last ten minutes; null where that is not in sight.
/// </summary>
public sealed record StreamStatus(
    string Name,
    DateTimeOffset At,
    long HighestPosition,
    long Published,
    double? PublishedRate,
    long Length,
    long? Memory,
    long MemoryUsed,
    long? MemoryLimit,
    double? MemoryLeftSeconds,
    double? LengthLeftSeconds,
    int Groups,
    long DeadLetters);

public sealed record GroupList(IReadOnlyList<GroupStatus> Groups);

/// <summary>
/// The state of a consumer group at <c>at</c>. <c>lag</c> counts the events that it has still to do, <c>lagSeconds</c> is the age of the oldest
/// one that it has not taken; <c>pending</c> counts entries that are delivered and unfinished, <c>waiting</c> events that failed and wait for
/// their next attempt, <c>deadLetters</c> the undecided dead letters. Every event up to the position <c>doneThrough</c> is taken. <c>rate</c>
/// is the events that its workers finished a second, and the percentiles are from an event's time to its effect, both in the last minute; null
/// where none was finished. A paused group has <c>pausedAt</c> and <c>pausedBy</c>.
/// <c>liveWorkers</c> counts the processes that run it; <c>waitReason</c> is why all of them wait.
/// </summary>
public sealed record GroupStatus(
    string Name,
    string Stream,
    DateTimeOffset At,
    bool Exists,
    long Lag,
    double LagSeconds,
    long Pending,
    long Waiting,
    int LiveLanes,
    long DeadLetters,
    long DoneThrough,
    string? LastDelivered,
    IReadOnlyList<ConsumerStatus> Consumers,
    double? Rate = null,
    double? P50Seconds = null,
    double? P99Seconds = null,
    DateTimeOffset? PausedAt = null,
    string? PausedBy = null,
    int LiveWorkers = 0,
    string? WaitReason = null);

/// <summary>A consumer. <c>idleSeconds</c>: since its last sign of life.</summary>
public sealed record ConsumerStatus(string Name, long Pending, double IdleSeconds, bool IsLive);

/// <summary>Which dead letters to list; null = any. Times are RFC 3339.</summary>
[ValidatableType]
public sealed record DeadLetterQuery(
    [property: AliasAs("group"), GroupName] string? Group = null,
    [property: AliasAs("state"), OneOf("dead", "discarded")] string? State = null,
    [property: AliasAs("type"), Text(500)] string? Type = null,
    [property: AliasAs("subject"), Text(500)] string? Subject = null,
    [property: AliasAs("error"), Text(500)] string? Error = null,
    [property: AliasAs("from"), Time] string? From = null,
    [property: AliasAs("until"), Time] string? Until = null,
    [property: AliasAs("limit"), Range(1, 200, ErrorMessage = "must be from {1} to {2}")] int Limit = 50,
    [property: AliasAs("after"), Cursor] string? After = null,
    [property: AliasAs("kind"), Text(500, MinimumLength = 0)] string? Kind = null);

/// <summary>Dead letters, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetter> DeadLetters, string? After = null, string? Next = null);

/// <summary>
/// An event that a group could not handle, or an entry that is no event: it has no <c>position</c> in the outbox and cannot be redriven.
/// <c>state</c> is <c>dead</c>, <c>discarded</c> or <c>redriven</c>: then it waits for its next delivery. It is gone once it is handled, and
/// dead again with the same number if it is not. <c>kind</c> is the error without what differs from event to event: numbers, ids and quoted
/// values; it is empty once it waits. <c>change</c> is the id of the last decision, for undoing.
/// </summary>
public sealed record DeadLetter(
    long Number,
    string Group,
    long? Position,
    string? Entry,
    Guid? EventId,
    string? Type,
    string? Subject,
    DateTimeOffset? Time,
    int Deliveries,
    string Error,
    DateTimeOffset DeadLetteredAt,
    string State,
    DateTimeOffset? DecidedAt,
    string? DecidedBy,
    string Kind = "",
    Guid? Change = null);

/// <summary>
/// A dead letter with its event and what has happened to it, oldest first. The event's data is <c>data</c> if it is JSON, otherwise
/// <c>dataBase64</c>.
/// </summary>
public sealed record DeadLetterDetails(
    DeadLetter Letter,
    string? Source,
    JsonElement? Data,
    string? DataBase64,
    IReadOnlyList<EntryField> Fields,
    IReadOnlyList<DeadLetterMoment>? History = null);

/// <summary>
/// <c>what</c> is <c>failed</c>, <c>dead</c>, <c>redriven</c>, <c>discarded</c> or <c>restored</c> (undone); <c>by</c> is a person's or key's
/// name.
/// </summary>
public sealed record DeadLetterMoment(DateTimeOffset At, string What, int Deliveries, string? Error, string? By);

/// <summary>Which dead letters to count: of a group (null = any), and in a state, <c>dead</c> or <c>discarded</c>.</summary>
[ValidatableType]
public sealed record DeadLetterErrorQuery(
    [property: AliasAs("group"), GroupName] string? Group = null, [property: AliasAs("state"), OneOf("dead", "discarded")] string State = "dead");

/// <summary>Dead letters by kind of error, most frequent first; at most 200 kinds.</summary>
public sealed record DeadLetterErrorList(IReadOnlyList<DeadLetterError> Errors);

public sealed record DeadLetterError(
    string Group, string Type, string Kind, string Example, long Count, DateTimeOffset FirstAt, DateTimeOffset LastAt);

/// <summary>
/// Undoes a change whose last request is at most a minute ago: what was discarded is dead again, and what was redriven and no worker has taken yet.
/// </summary>
[ValidatableType]
public sealed record UndoChange(Guid Change);

/// <summary>How many are dead again. The others were handled already.</summary>
public sealed record UndoneChange(int Restored);

/// <summary>A field of an entry: as text, or in base64 where it is not text.</summary>
public sealed record EntryField(string Name, string? Value, string? Base64);

/// <summary>
/// Redrives or discards the dead letters that match all given conditions, all of them or none. Without a condition, <c>all</c> must be true.
/// With a <c>limit</c>, only so many, the lowest numbers first: repeat the request until it changes none; entries that are no events are passed
/// over by a redrive then, and not counted. <c>change</c> is an id that the sender makes up, for undoing; several requests can share one.
/// </summary>
[ValidatableType]
public sealed record DecideMany(
    bool? All = null,
    [property: GroupName] string? Group = null,
    [property: Text(500)] string? Type = null,
    [property: Text(500)] string? Subject = null,
    [property: Text(500)] string? Error = null,
    [property: JsonConverter(typeof(Rfc3339Converter))] DateTimeOffset? From = null,
    [property: JsonConverter(typeof(Rfc3339Converter))] DateTimeOffset? Until = null,
    [property: Length(1, 1_000, ErrorMessage = "must hold {1} to {2} numbers of dead letters")] IReadOnlyList<long>? Numbers = null,
    [property: Text(500, MinimumLength = 0)] string? Kind = null,
    [property: Range(1, 100_000, ErrorMessage = "must be from {1} to {2}")] int? Limit = null,
    Guid? Change = null)
    : IValidatableObject
{
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        (All == true, (Group ?? Type ?? Subject ?? Error ?? Kind) is null && From is null && Until is null && Numbers is null) switch
        {
            (true, false) => [new("must not be true together with a condition", [nameof(All)])],
            (false, true) => [new("must be true without a condition; it selects every dead letter of every group", [nameof(All)])],
            _ => [],
        };
}

/// <summary>
/// How many dead letters were redriven or discarded; and how many were not, because they are no events, or, of numbers, because they were
/// already decided or not found.
/// </summary>
public sealed record DecidedMany(int Changed, int Unchanged, Guid? Change = null);

/// <summary>Whether it is time to move to Kafka: true if one criterion is over its limit.</summary>
public sealed record KafkaTriggerStatus(
    bool IsDue, DateTimeOffset At, string Note, IReadOnlyList<KafkaCriterion> Criteria, RedisCapacity? Redis = null);

/// <summary>
/// Deliveries a second to all groups, against what this Redis can do: at the share of its main thread's time (<c>busy</c>, 0 to 1) that it uses
/// now, by <c>INFO</c>. Null while too little is known, or on a server that does not tell.
/// </summary>
public sealed record RedisCapacity(double? DeliveriesPerSecond, double? Busy, double? MaxDeliveriesPerSecond);

/// <summary>
/// One reason to move: <c>rate</c> (events a second, sustained), <c>retention</c> (hours) or <c>groups</c>.
/// <c>value</c> is null while it is unknown. <c>margin</c> is what is left up to the limit, in the same unit;
/// <c>daysLeft</c> is when the trend reaches it, null if it does not or too little is known. <c>advice</c> is what to do next.
/// </summary>
public sealed record KafkaCriterion(
    string Name,
    string Unit,
    double? Value,
    double Limit,
    double? Margin,
    double? MarginPercent,
    bool IsOver,
    double? TrendPerDay,
    double? DaysLeft,
    IReadOnlyList<KafkaDay>? Days = null,
    string? Advice = null);

/// <summary>The highest value of a day (UTC).</summary>
public sealed record KafkaDay(DateTimeOffset Day, double? Value);

/// <summary>A valid name of a consumer group.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GroupNameAttribute() : RegularExpressionAttribute("^[a-z0-9][a-z0-9._-]{0,99}$")
{
    public override bool IsValid(object? value) => value is not "" && base.IsValid(value);

    public override string FormatErrorMessage(string name) => "must be the name of a consumer group";
}

/// <summary>How streams, groups, dead letters and the Kafka trigger are written in JSON: camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(StreamList))]
[JsonSerializable(typeof(GroupList))]
[JsonSerializable(typeof(GroupStatus))]
[JsonSerializable(typeof(DeadLetter))]
[JsonSerializable(typeof(DeadLetterPage))]
[JsonSerializable(typeof(DeadLetterDetails))]
[JsonSerializable(typeof(DecideMany))]
[JsonSerializable(typeof(DecidedMany))]
[JsonSerializable(typeof(KafkaTriggerStatus))]
[JsonSerializable(typeof(WorkerList))]
[JsonSerializable(typeof(PendingPage))]
[JsonSerializable(typeof(RetryPage))]
[JsonSerializable(typeof(StreamHistory))]
[JsonSerializable(typeof(EventPage))]
[JsonSerializable(typeof(EventDetails))]
[JsonSerializable(typeof(Journey))]
[JsonSerializable(typeof(ActionPage))]
[JsonSerializable(typeof(DeadLetterErrorList))]
[JsonSerializable(typeof(UndoChange))]
[JsonSerializable(typeof(UndoneChange))]
public sealed partial class OperationsJson : JsonSerializerContext;
