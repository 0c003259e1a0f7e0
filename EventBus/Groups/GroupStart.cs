namespace FanOut.EventBus.Groups;

/// <summary>Where a new consumer group begins. It counts once, when the group is registered for the first time.</summary>
public enum GroupStart
{
    /// <summary>With the first event published after the group was registered.</summary>
    Now,

    /// <summary>With the oldest event that is still on the stream.</summary>
    Earliest,

    /// <summary>With the oldest event in the outbox, also where the stream was trimmed since.</summary>
    History,
}
