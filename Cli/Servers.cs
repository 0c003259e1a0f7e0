using System.CommandLine;
using FanOut.Cli.Running;
using Npgsql;
using Spectre.Console;
using StackExchange.Redis;

namespace FanOut.Cli;

/// <summary>The options that name Postgres and Redis, for commands that use them directly.</summary>
internal sealed class Servers
{
    private const string Elsewhere = "for a system that was not started from here";

    private readonly Option<string?> _postgres = new("--postgres") { Description = $"Connection string of the database, {Elsewhere}." };
    private readonly Option<string?> _redis = new("--redis") { Description = $"Connection string of Redis, {Elsewhere}." };

    public Option[] All => [_postgres, _redis];

    /// <summary>Runs an action with both. Says so and returns 2 if they cannot be used.</summary>
    public async Task<int> UseAsync(
        Workspace workspace,
        ParseResult arguments,
        string clientName,
        Func<NpgsqlDataSource, IConnectionMultiplexer, Task<int>> action,
        CancellationToken cancellationToken)
    {
        var (postgres, redis) = (arguments.GetValue(_postgres), arguments.GetValue(_redis));
        if (postgres is null || redis is null)
        {
            var status = await SystemStatus.ReadAsync(workspace, cancellationToken);
            postgres ??= status.ConnectionString("fanout");
            redis ??= status.ConnectionString("redis");
        }

        if (postgres is null || redis is null)
        {
            AnsiConsole.MarkupLine(
                "[red]The system is not running.[/] Start it ([bold]./fanout up --detach[/]), or name the servers with --postgres and --redis.");
            return 2;
        }

        try
        {
            await using var database = Parse("--postgres", () => NpgsqlDataSource.Create(postgres));
            var settings = Parse("--redis", () => ConfigurationOptions.Parse(redis));
            settings.ClientName = clientName;
            await using var connection = await ConnectionMultiplexer.ConnectAsync(settings);
            return await action(database, connection);
        }
        catch (Exception e) when (e is NpgsqlException or RedisException or TimeoutException or InvalidOperationException or ArgumentException)
        {
            AnsiConsole.MarkupLineInterpolated($"[red]The command failed:[/] {Explain(e)}");
            return 2;
        }
    }

    /// <summary>Repeats nothing of the string: what is wrong in it may be a part of a password.</summary>
    private static T Parse<T>(string option, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            throw new InvalidOperationException(
                $"The connection string of {option} is malformed. docs/servers.md says how to write special characters.");
        }
    }

    private static string Explain(Exception exception) => exception switch
    {
        PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName } e
            => $"{e.MessageText}. The database has no schema of this version: start the system once.",
        RedisException or RedisTimeoutException => $"Redis: {exception.Message}",
        NpgsqlException => $"Postgres: {exception.Message}",
        _ => exception.Message,
    };
}
