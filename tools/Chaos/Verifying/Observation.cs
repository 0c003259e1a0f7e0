namespace FanOut.Chaos.Verifying;

/// <summary>What was found, in Postgres, on the stream and at the webhooks' receiver.</summary>
internal sealed record Observation
{
    public required IReadOnlyList<RecordedOrder> Orders { get; init; }

    public required IReadOnlyList<Effect> Outbox { get; init; }

    public required IReadOnlyList<GroupObservation> Groups { get; init; }

    /// <summary>The events that stand on the stream, each as often as it does. Those that were trimmed do not.</summary>
    public IReadOnlyList<Guid> OnStream { get; init; } = [];

    /// <summary>Entries, by their ids, that nobody published through the outbox and that a relay has moved off the stream, because they stood where its own had to go. No group is due them any more.</summary>
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
