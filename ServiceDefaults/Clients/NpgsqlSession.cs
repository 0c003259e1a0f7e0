using Npgsql;

namespace FanOut.ServiceDefaults.Clients;

internal static class NpgsqlSession
{
    // Start-up options, because a pooled session's RESET keeps them; it would undo a SET. The server's keepalives free the locks
    // of a client whose host is gone after half a minute, instead of the kernel's two hours.
    private const string Options =
        "-c idle_in_transaction_session_timeout=60s -c lock_timeout=10s "
        + "-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3";

    /// <summary>The connection string wins; its <c>Options</c> come after these, and the later one counts.</summary>
    public static void Harden(NpgsqlConnectionStringBuilder session, string applicationName)
    {
        session.ApplicationName ??= applicationName;
        session.Options = string.IsNullOrWhiteSpace(session.Options) ? Options : $"{Options} {session.Options}";
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
    }
}
