using Npgsql;

namespace FanOut.ServiceDefaults.Clients;

internal static class NpgsqlSession
{
    private const string NoReset = "No Reset On Close";

    /// <summary>
    /// Defaults for what the connection string does not set. They need no session of their own, so that they hold behind any pooler: a pooler refuses
    /// start-up options.
    /// </summary>
    public static void SetDefaults(NpgsqlConnectionStringBuilder session, string applicationName)
    {
        session.ApplicationName ??= applicationName;
        if (session.KeepAlive == 0)
        {
            session.KeepAlive = 15;
        }

        if (session.TcpKeepAliveTime == 0)
        {
            session.TcpKeepAlive = true;
            session.TcpKeepAliveTime = 15;
            session.TcpKeepAliveInterval = 5;
        }

        // A reset costs seven statements, and there is nothing to reset: no service leaves a setting, a temporary table, a LISTEN or a lock
        // in its session.
        if (!session.ShouldSerialize(NoReset))
        {
            session[NoReset] = true;
        }
    }
}
