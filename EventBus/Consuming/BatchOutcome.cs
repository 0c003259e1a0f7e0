namespace FanOut.EventBus.Consuming;

/// <summary>What became of the events of a batch.</summary>
internal sealed class BatchOutcome
{
    /// <summary>Their effects are committed.</summary>
    public int Handled { get; set; }

    /// <summary>They are rows of the retry queue.</summary>
    public int Retries { get; set; }

    public int DeadLetters { get; set; }

    /// <summary>Their effects had been committed before.</summary>
    public int Duplicates { get; set; }

    /// <summary>They are not of this outbox, or no events at all.</summary>
    public int Strays { get; set; }

    /// <summary>The group has not subscribed to their type.</summary>
    public int Ignored { get; set; }

    /// <summary>The first failure of a handler.</summary>
    public string? Error { get; set; }

    /// <summary>The full name of its exception's type.</summary>
    public string? ErrorType { get; set; }

    public void Add(BatchOutcome other)
    {
        Handled += other.Handled;
        Retries += other.Retries;
        DeadLetters += other.DeadLetters;
        Duplicates += other.Duplicates;
        Strays += other.Strays;
        Ignored += other.Ignored;
        Error ??= other.Error;
        ErrorType ??= other.ErrorType;
    }
}
