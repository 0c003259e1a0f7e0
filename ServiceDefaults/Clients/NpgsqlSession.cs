using Microsoft.Extensions.Configuration;
using Npgsql;

namespace FanOut.ServiceDefaults.Clients;

internal static class NpgsqlSession
{
    /// <summary>How many statements each connection keeps prepared; 0, the default, suits every pooler.</summary>
    private const string MaxAutoPrepareKey = "Postgres:MaxAutoPrepare";

    private const string NoReset = "No Reset On Close";
    private const string MaxAutoPrepare = "Max Auto Prepare";

    /// <summary>
    /// Defaults for what the connection string does not set. They need no session of their own, so that they hold behind any pooler: a pooler refuses
    /// start-up options.
    /// </summary>
    /// <exception cref="InvalidOperationException">The number of prepared statements is not valid.</exception>
    public static void SetDefaults(NpgsqlConnectionStringBuilder session, IConfiguration configuration, string applicationName)
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

        if (!session.ShouldSerialize(MaxAutoPrepare))
        {
            var count = configuration.GetValue(MaxAutoPrepareKey, 0);
            session.MaxAutoPrepare = count is >= 0 and <= 1_000
                ? count
                : throw new InvalidOperationException($"'{MaxAutoPrepareKey}' is {count}, but must be 0 to 1000 statements.");
            session.AutoPrepareMinUsages = 2;
        }
    }
}
