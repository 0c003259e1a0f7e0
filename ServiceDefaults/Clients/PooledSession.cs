using Npgsql;

namespace FanOut.ServiceDefaults.Clients;

public static class PooledSession
{
    /// <summary>
    /// For a process whose code changes nothing about a session (no SET without LOCAL, no temporary table that outlives its transaction, no LISTEN, no session lock, nor in its migrations): it goes back to the pool as it is. Otherwise seven statements reset it before whoever takes it next gets to their own.
    /// A connection string that has <c>No Reset On Close</c> stands.
    /// </summary>
    public static void KeepState(NpgsqlDataSourceBuilder source)
    {
        ArgumentNullException.ThrowIfNull(source);
        const string Keyword = "No Reset On Close";
        if (!source.ConnectionStringBuilder.ShouldSerialize(Keyword))
        {
            source.ConnectionStringBuilder[Keyword] = true;
        }
    }
}
