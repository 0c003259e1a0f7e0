namespace FanOut.Chaos.Verifying;

/// <summary>What was found in Postgres, on the stream and at the webhooks' receiver.</summary>
internal sealed record Observation
{
    public required IReadOnlyList<RecordedOrder> Orders { get; init; }

    public required IReadOnlyList<Effect> Outbox { get; init; }

    public required IReadOnlyList<GroupObservation> Groups { get; init; }

    /// <summary>The events on the stream, with duplicates and without trimmed ones.</summary>
    public IReadOnlyList<Guid> OnStream { get; init; } = [];

    /// <summary>The totals of analytics. No unique key protects a sum, so an event that was added twice shows.</summary>
    public required (long Orders, decimal Revenue) Revenue { get; init; }

    /// <summary>Events that the receiver of webhooks got, once or more often; null if there is no receiver.</summary>
    public IReadOnlySet<Guid>? WebhooksReceived { get; init; }

    /// <summary>Repeated deliveries that the inboxes stopped. They show that a fault had an impact.</summary>
    public long Prevented { get; init; }

    /// <summary>Webhooks and mails that are neither sent nor failed.</summary>
    public IReadOnlyList<string> Unsent { get; init; } = [];
}

/// <summary>What was found of one group.</summary>
internal sealed record GroupObservation
{
    public required string Name { get; init; }

    public required IReadOnlyList<Effect> Effects { get; init; }

    /// <summary>Further tables that must have each effect once, such as webhooks to send.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Effect>> FurtherEffects { get; init; } = new Dictionary<string, IReadOnlyList<Effect>>();

    public IReadOnlyList<RecordedDeadLetter> DeadLetters { get; init; } = [];

    /// <summary>The numbers of the dead letters on the DLQ stream. Each may be there more than once.</summary>
    public IReadOnlyList<long> LettersOnStream { get; init; } = [];

    /// <summary>Entries of the stream that were delivered and are not finished.</summary>
    public IReadOnlyList<string> Pending { get; init; } = [];

    /// <summary>Events that wait in the retry queue.</summary>
    public IReadOnlyList<string> Retries { get; init; } = [];

    /// <summary>Entries that are not delivered yet.</summary>
    public IReadOnlyList<string> Unread { get; init; } = [];

    /// <summary>Dead letters that are recorded but not on the DLQ stream.</summary>
    public IReadOnlyList<string> Unmirrored { get; init; } = [];
}

/// <summary>An order in Postgres.</summary>
internal readonly record struct RecordedOrder(Guid Id, string Key, decimal Total);

/// <summary>A row that records an effect of an event.</summary>
internal readonly record struct Effect(Guid Event, string Subject);

/// <summary>A dead letter in Postgres.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Entry">The position of its event, or the id of an entry that is none of the outbox's events.</param>
/// <param name="Subject">Its event's subject; null for a malformed entry.</param>
/// <param name="Error">Why it is dead.</param>
internal readonly record struct RecordedDeadLetter(long Number, string Entry, string? Subject, string Error)
{
    /// <summary>The event's id; null for a malformed entry.</summary>
    public Guid? Event { get; init; }
}
