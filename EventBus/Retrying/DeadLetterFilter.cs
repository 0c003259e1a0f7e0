namespace FanOut.EventBus;

/// <summary>Which dead letters are meant: those that match everything that is set. Unset = any.</summary>
public sealed record DeadLetterFilter
{
    /// <summary>The group that could not handle the event.</summary>
    public GroupName? Group { get; init; }

    /// <summary>
    /// <see cref="DeadLetterState.Dead"/> or <see cref="DeadLetterState.Discarded"/>: what is redriven waits, and is no dead letter. A redrive or a
    /// discard looks only at <see cref="DeadLetterState.Dead"/> ones, whatever this says.
    /// </summary>
    public DeadLetterState? State { get; init; }

    /// <summary>The event's type, exactly.</summary>
    public string? Type { get; init; }

    /// <summary>The event's subject, exactly.</summary>
    public string? Subject { get; init; }

    /// <summary>Text that the error contains; the letters A to Z in capitals or not.</summary>
    public string? Error { get; init; }

    /// <summary>The kind of the error (<see cref="DeadLetterSummary.Kind"/>), exactly.</summary>
    public string? Kind { get; init; }

    /// <summary>Dead-lettered at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Dead-lettered before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>The numbers of the dead letters; null = any.</summary>
    public IReadOnlyCollection<long>? Numbers { get; init; }
}
