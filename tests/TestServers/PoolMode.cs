namespace FanOut.TestServers;

/// <summary>How long a client of PgBouncer keeps a session of Postgres.</summary>
public enum PoolMode
{
    /// <summary>Until it disconnects.</summary>
    Session,

    /// <summary>Until its transaction ends.</summary>
    Transaction,
}
