namespace FanOut.EventBus;

/// <summary>Where a new consumer group begins. It counts once, when the group is registered for the first time.</summary>
public enum GroupStart
{
    /// <summary>With the oldest event in the outbox, also where the stream was trimmed since.</summary>
    Earliest,

    /// <summary>With the first event that is committed after the group was registered.</summary>
    Now,
}
