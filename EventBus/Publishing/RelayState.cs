namespace FanOut.EventBus.Publishing;

internal enum RelayState
{
    /// <summary>Another replica leads, or nobody yet.</summary>
    Standby,

    /// <summary>Leads, and publishes what there is.</summary>
    Leading,

    /// <summary>Redis takes nothing: the outbox holds the backlog.</summary>
    WaitingForRedis,

    /// <summary>It cannot read without Postgres.</summary>
    WaitingForPostgres,

    /// <summary>The stream belongs to another history or system: a person has to look.</summary>
    Stopped,
}
