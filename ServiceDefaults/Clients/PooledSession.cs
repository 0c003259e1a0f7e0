using Npgsql;

namespace FanOut.ServiceDefaults.Clients;

public static class PooledSession
{
    /// <summary>
    /// Returns sessions to the pool without a reset, which costs seven statements. Only for a process that leaves no state in a
    /// session: no SET without LOCAL, temporary table, LISTEN or session lock. <c>No Reset On Close</c> in the connection string wins.
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
