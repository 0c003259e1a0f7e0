namespace FanOut.EventBus.DeadLetters;

/// <summary>What has been decided about a dead letter.</summary>
public enum DeadLetterState
{
    /// <summary>Nothing yet.</summary>
    Dead,

    /// <summary>It goes to its group once more. Should it fail again, that is a new dead letter.</summary>
    Redriven,

    /// <summary>It is kept, and never goes to its group again.</summary>
    Discarded,
}
