namespace FanOut.EventBus.Consuming;

/// <summary>What a committed transaction decided about the entries of a batch, for Redis to be told.</summary>
internal sealed class BatchOutcome
{
    /// <summary>Done, now or before: to be acknowledged.</summary>
    public List<Delivery> Done { get; } = [];

    /// <summary>Failed: to be parked for another delivery.</summary>
    public List<Delivery> Failed { get; } = [];

    /// <summary>Numbers of the dead letters whose entries are to be moved to the DLQ stream.</summary>
    public List<long> DeadLetters { get; } = [];

    /// <summary>How many events a handler has handled; the others of <see cref="Done"/> were done before, or nobody wants them.</summary>
    public int Handled { get; set; }

    /// <summary>Why the first of <see cref="Failed"/> and of the new dead letters failed; null where none did.</summary>
    public string? FirstError { get; set; }

    /// <summary>How many of the dead letters are new.</summary>
    public int NewDeadLetters { get; set; }

    /// <summary>Not decided: still to be handled.</summary>
    public List<Delivery> Open { get; } = [];

    /// <summary>Deliveries whose effect had been committed before.</summary>
    public int Duplicates { get; set; }

    /// <summary>Takes over what another transaction decided.</summary>
    public void Add(BatchOutcome other)
    {
        Done.AddRange(other.Done);
        Failed.AddRange(other.Failed);
        DeadLetters.AddRange(other.DeadLetters);
        Handled += other.Handled;
        NewDeadLetters += other.NewDeadLetters;
        Duplicates += other.Duplicates;
        FirstError ??= other.FirstError;
    }

    /// <summary>Forgets what Redis has been told.</summary>
    public void Clear()
    {
        Done.Clear();
        Failed.Clear();
        DeadLetters.Clear();
        (Handled, NewDeadLetters, Duplicates, FirstError) = (0, 0, 0, null);
    }
}
