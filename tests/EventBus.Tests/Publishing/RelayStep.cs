namespace FanOut.EventBus.Tests.Publishing;

/// <summary>What writers, relays and Redis may do.</summary>
internal enum RelayStep
{
    /// <summary>A writer adds events in its transaction.</summary>
    Write,

    /// <summary>A writer commits.</summary>
    Commit,

    /// <summary>A writer rolls back.</summary>
    RollBack,

    /// <summary>The leader reads and fixes one batch.</summary>
    Fix,

    /// <summary>The leader appends the oldest batch that it has not appended.</summary>
    Append,

    /// <summary>Somebody appends a batch that was fixed at some time: out of turn, again, or late.</summary>
    AppendAny,

    /// <summary>The leader dies where it stands, and another one comes.</summary>
    Succeed,

    /// <summary>Redis loses the end of the stream.</summary>
    LoseTail,

    /// <summary>Redis loses the stream.</summary>
    LoseAll,
}
