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

    /// <summary>How many of the dead letters are new.</summary>
    public int NewDeadLetters { get; set; }

    /// <summary>Not decided: still to be handled.</summary>
    public List<Delivery> Open { get; } = [];

    /// <summary>Deliveries whose effect had been committed before.</summary>
    public int Duplicates { get; set; }

    /// <summary>Forgets what Redis has been told.</summary>
    public void Clear()
    {
        Done.Clear();
        Failed.Clear();
        DeadLetters.Clear();
        (NewDeadLetters, Duplicates) = (0, 0);
    }
}
