using System.Net.Sockets;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>Tells faults of the environment, which are waited out and counted against no event, from faults of an event.</summary>
internal static class Fault
{
    public static bool IsEnvironment(Exception exception) => exception switch
    {
        RejectEventException => false,
        SuspectedHandlerException => true,
        PostgresException postgres => IsEnvironment(postgres.SqlState),
        // A handler that runs two commands of its connection at once: its own fault.
        NpgsqlOperationInProgressException => false,
        NpgsqlException => true,
        RedisException or RedisTimeoutException => true,
        SocketException => true,
        ObjectDisposedException { ObjectName: var name } => name?.Contains("Npgsql", StringComparison.Ordinal) == true,
        AggregateException { InnerException: { } inner } => IsEnvironment(inner),
        _ => exception.InnerException is { } inner && inner is PostgresException or NpgsqlException or RedisException or RedisTimeoutException && IsEnvironment(exception.InnerException),
    };

    /// <summary>Whether a fault of the environment may just as well come of what a handler does: a statement that takes too long, a lock that is not to be had, a connection that it closed.</summary>
    public static bool MayBeOfAHandler(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState is PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable,
        ObjectDisposedException => true,
        _ => exception.InnerException is TimeoutException,
    };

    /// <summary>A short account of a failed delivery, for people.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        RejectEventException => exception.Message,
        SuspectedHandlerException { InnerException: { } inner } => Describe(inner),
        _ => $"{exception.GetType().Name}: {exception.Message}",
    };

    // Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html: connection, rollback by the server, resources, operator intervention, system; and a lock not had in time, a read-only standby, an idle transaction that was ended.
    private static bool IsEnvironment(string sqlState)
        => sqlState.StartsWith("08", StringComparison.Ordinal) || sqlState.StartsWith("40", StringComparison.Ordinal) || sqlState.StartsWith("53", StringComparison.Ordinal)
        || sqlState.StartsWith("57", StringComparison.Ordinal) || sqlState.StartsWith("58", StringComparison.Ordinal)
        || sqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.ReadOnlySqlTransaction or "25P03";
}
