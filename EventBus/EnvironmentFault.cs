using System.Net.Sockets;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus;

/// <summary>Tells faults of Postgres, Redis and the network, which are waited out and counted against no event, from faults of an event.</summary>
internal static class EnvironmentFault
{
    /// <summary>Whether <paramref name="exception"/> says that Postgres, Redis or the network failed, not what was asked of them.</summary>
    public static bool Is(Exception exception) => exception switch
    {
        RejectEventException => false,
        // A migration has changed the type of a column since the session prepared its statement: Npgsql prepares it again.
        PostgresException { Routine: "RevalidateCachedQuery" } => true,
        PostgresException postgres => Is(postgres.SqlState),
        // Two commands of one connection at once are the caller's own fault.
        NpgsqlOperationInProgressException => false,
        NpgsqlException => true,
        RedisServerException server => IsPassing(server),
        RedisException or RedisTimeoutException => true,
        SocketException => true,
        ObjectDisposedException { ObjectName: var name } => name?.Contains("Npgsql", StringComparison.Ordinal) == true,
        AggregateException { InnerException: { } inner } => Is(inner),
        _ => exception.InnerException is { } inner and (NpgsqlException or RedisException or RedisTimeoutException) && Is(inner),
    };

    /// <summary>Whether Redis refused for want of memory.</summary>
    public static bool IsOutOfMemory(RedisServerException e) =>
        e.Message.StartsWith("OOM", StringComparison.Ordinal) || e.Message.Contains("OOM command not allowed", StringComparison.Ordinal);

    /// <summary>A short account for people.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        RejectEventException => exception.Message,
        _ => $"{exception.GetType().Name}: {exception.Message}",
    };

    // Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html: connection, rollback by the server, resources, operator
    // intervention, system; and a lock not had in time, a read-only standby, an idle transaction that was ended.
    private static bool Is(string sqlState) =>
        sqlState is ['0', '8', ..] or ['4', '0', ..] or ['5', '3', ..] or ['5', '7', ..] or ['5', '8', ..]
            or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.ReadOnlySqlTransaction or "25P03";

    // https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors: the first word is the kind of error.
    private static bool IsPassing(RedisServerException e) =>
        IsOutOfMemory(e)
        || e.Message.Split(' ', 2)[0] is "LOADING" or "READONLY" or "MASTERDOWN" or "CLUSTERDOWN" or "TRYAGAIN" or "BUSY" or "MISCONF" or "NOREPLICAS"
            or "NOGROUP" or "UNBLOCKED" or "NOSCRIPT";
}
