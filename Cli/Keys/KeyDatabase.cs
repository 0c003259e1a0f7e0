using System.CommandLine;
using FanOut.Cli.Running;
using FanOut.ServiceDefaults.Access;
using Npgsql;

namespace FanOut.Cli.Keys;

/// <summary>Opens the database of the keys: of the running system, or the one that is named.</summary>
internal static class KeyDatabase
{
    private const string Variable = "ConnectionStrings__fanout";

    public static Option<string?> Option() => new("--connection", "--postgres")
    {
        Description = $"Connection string of the database, for a system that was not started from here (or set {Variable}).",
    };

    public static async Task<int> UseAsync(
        Workspace workspace, string? connection, Func<ApiKeyRegistry, Task<int>> action, CancellationToken cancellationToken)
    {
        connection ??= Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given
            : (await SystemStatus.ReadAsync(workspace, cancellationToken)).ConnectionString("fanout");
        if (connection is null)
        {
            return await FailAsync(
                $"The system is not running. Start it (./fanout up --detach), or name its database with --connection or {Variable}.");
        }

        try
        {
            await using var database = NpgsqlDataSource.Create(connection);
            return await action(new ApiKeyRegistry(database));
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName)
        {
            return await FailAsync("The database has no keys yet: start the system once.");
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return await FailAsync($"{e.MessageText}. Services may only read keys: use the connection string of the migrator.");
        }
        catch (NpgsqlException e)
        {
            return await FailAsync($"Postgres: {e.Message}");
        }
        catch (ArgumentException)
        {
            // It repeats nothing of the string: what is wrong in it may be a part of a password.
            return await FailAsync("The connection string is malformed. docs/servers.md says how to write special characters.");
        }
    }

    public static async Task<int> FailAsync(string reason)
    {
        await Console.Error.WriteLineAsync($"fanout: {reason}");
        return 1;
    }
}
