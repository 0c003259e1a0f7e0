using System.CommandLine;
using System.Text.Json;
using FanOut.Cli.Running;
using FanOut.Contracts;
using Npgsql;
using Spectre.Console;
using StackExchange.Redis;

namespace FanOut.Cli.Verify;

internal static class VerifyCommand
{
    private const string Elsewhere = "for a system that was not started from here";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Create(Workspace workspace)
    {
        var stream = new Option<string>("--stream")
        {
            Description = $"The stream (default {EventStreams.Orders}).",
            DefaultValueFactory = _ => EventStreams.Orders,
        };
        var wait = new Option<double>("--wait")
        {
            Description = "Wait up to this many seconds until every group has finished, then fail if one has not.",
        };
        var postgres = new Option<string?>("--postgres") { Description = $"Connection string of the database, {Elsewhere}." };
        var redis = new Option<string?>("--redis") { Description = $"Connection string of Redis, {Elsewhere}." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        wait.MustBe("0 to 86400 seconds", seconds => seconds is >= 0 and <= 86_400);
        var command = new Command("verify", "Compare orders, outbox, stream, groups and effects, event by event.")
        {
            stream, wait, postgres, redis, json,
        };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var database = arguments.GetValue(postgres);
            var server = arguments.GetValue(redis);
            if (database is null || server is null)
            {
                var status = await SystemStatus.ReadAsync(workspace, cancellationToken);
                database ??= status.ConnectionString("fanout");
                server ??= status.ConnectionString("redis");
            }

            if (database is null || server is null)
            {
                AnsiConsole.MarkupLine(
                    "[red]The system is not running.[/] Start it ([bold]./fanout up --detach[/]), or name the servers with --postgres and --redis.");
                return 2;
            }

            try
            {
                var limit = TimeSpan.FromSeconds(arguments.GetValue(wait));
                var verification = await VerifyAsync(database, server, arguments.GetValue(stream)!, limit, cancellationToken);
                if (arguments.GetValue(json))
                {
                    Console.Out.WriteLine(JsonSerializer.Serialize(verification, VerifyJson.Default.SystemVerification));
                }
                else
                {
                    VerificationTable.Write(AnsiConsole.Console, verification);
                }

                return verification.IsExact && (verification.IsDrained || limit == TimeSpan.Zero) ? 0 : 1;
            }
            catch (Exception e) when (e is NpgsqlException or RedisException or TimeoutException or InvalidOperationException or ArgumentException)
            {
                AnsiConsole.MarkupLineInterpolated($"[red]Verification failed:[/] {Explain(e)}");
                return 2;
            }
        });
        return command;
    }

    private static async Task<SystemVerification> VerifyAsync(
        string postgres, string redis, string stream, TimeSpan wait, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        await using var database = Parse("--postgres", () => NpgsqlDataSource.Create(postgres));
        var settings = Parse("--redis", () => ConfigurationOptions.Parse(redis));
        settings.ClientName = "fanout-verify";
        await using var connection = await ConnectionMultiplexer.ConnectAsync(settings);
        var verifier = new SystemVerifier(connection, database);
        for (var begun = time.GetTimestamp(); ;)
        {
            var verification = await verifier.VerifyAsync(new(stream), cancellationToken);
            if ((verification.IsExact && verification.IsDrained) || time.GetElapsedTime(begun) >= wait)
            {
                return verification;
            }

            await Task.Delay(Pause, time, cancellationToken);
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
