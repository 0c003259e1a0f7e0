namespace FanOut.Chaos.Verifying;

/// <summary>What was found, in Postgres, on the stream and at the webhooks' receiver.</summary>
internal sealed record Observation
{
    public required IReadOnlyList<RecordedOrder> Orders { get; init; }

    public required IReadOnlyList<Effect> Outbox { get; init; }

    public required IReadOnlyList<GroupObservation> Groups { get; init; }

    /// <summary>The events that stand on the stream, each as often as it does. Those that were trimmed do not.</summary>
    public IReadOnlyList<Guid> OnStream { get; init; } = [];

    /// <summary>Ids of foreign entries that a relay has moved off the stream. No group must handle them any more.</summary>
    public IReadOnlySet<string> MovedAside { get; init; } = new HashSet<string>();

    /// <summary>What analytics has added up. No unique key stands before a sum: an event that was added twice shows.</summary>
    public required (long Orders, decimal Revenue) Revenue { get; init; }

    /// <summary>Events of which the receiver of webhooks has heard, once or more often; null where nobody listens.</summary>
    public IReadOnlySet<Guid>? WebhooksReceived { get; init; }

    /// <summary>Deliveries of what had taken effect before, which the inboxes stopped: that they had to shows that a fault did hit.</summary>
    public long Prevented { get; init; }

    /// <summary>Rows that are to be sent and have neither been sent nor failed.</summary>
    public IReadOnlyList<string> Unsent { get; init; } = [];
}

/// <summary>What was found of one group.</summary>
internal sealed record GroupObservation
{
    public required string Name { get; init; }

    public required IReadOnlyList<Effect> Effects { get; init; }

    /// <summary>Further books in which each effect must stand once, such as webhooks to be sent.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Effect>> FurtherEffects { get; init; } = new Dictionary<string, IReadOnlyList<Effect>>();

    public IReadOnlyList<RecordedDeadLetter> DeadLetters { get; init; } = [];

    /// <summary>The ids of the entries that the letters on the DLQ stream are of, each as often as it is there.</summary>
    public IReadOnlyList<string> LettersOnStream { get; init; } = [];

    /// <summary>Entries of the stream and of the redrive stream that were delivered and are not finished.</summary>
    public IReadOnlyList<string> Pending { get; init; } = [];

    /// <summary>Entries that are not delivered yet.</summary>
    public IReadOnlyList<string> Unread { get; init; } = [];

    /// <summary>Dead letters that are on record and that Redis was not told of.</summary>
    public IReadOnlyList<string> Unprojected { get; init; } = [];
}

/// <summary>An order as it stands in Postgres.</summary>
internal readonly record struct RecordedOrder(Guid Id, string Key, decimal Total);

/// <summary>A row that says that an event took effect.</summary>
internal readonly record struct Effect(Guid Event, string Subject);

/// <summary>A dead letter as it stands in Postgres: its entry's id, and its event's subject, null where it is no event.</summary>
internal readonly record struct RecordedDeadLetter(string Entry, string? Subject, string Error);
