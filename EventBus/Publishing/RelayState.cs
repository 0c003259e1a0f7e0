namespace FanOut.EventBus.Publishing;

internal enum RelayState
{
    /// <summary>Another replica leads, or nobody yet.</summary>
    Standby,

    /// <summary>Leads, and publishes what there is.</summary>
    Leading,

    /// <summary>Leads, but Redis takes nothing: the outbox holds the backlog.</summary>
    WaitingForRedis,

    /// <summary>Cannot lead or read without Postgres.</summary>
    WaitingForPostgres,

    /// <summary>Stopped for good by a contradiction.</summary>
    Stopped,
}
