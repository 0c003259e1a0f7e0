using System.Reflection;
using System.Runtime.ExceptionServices;
using DbUp;
using DbUp.Engine;
using DbUp.Engine.Output;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Migrations;

/// <summary>
/// Brings one schema up to date when the host starts, before any other hosted service runs. Every replica does it: an advisory lock lets one at a time in,
/// and the journal table <c>schema_versions</c> of the schema makes the others find nothing to do. While Postgres is away it waits and says so.
/// </summary>
internal sealed partial class SchemaMigrator(string schema, Assembly assembly, NpgsqlDataSource dataSource, TimeProvider time, ILogger<SchemaMigrator> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        for (var delay = FirstDelay; ; delay = delay < LongestDelay ? delay * 2 : LongestDelay)
        {
            try
            {
                await MigrateAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException e) when (IsAway(e))
            {
                Log.DatabaseAway(logger, schema, delay, e);
                await Task.Delay(delay, time, cancellationToken);
            }
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task MigrateAsync(CancellationToken cancellationToken)
    {
        // A session of its own, not from the pool: while it waits its turn its lock_timeout must not strike, and closing it is what frees the lock. A clone, because only the data source knows the password.
        var settings = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString) { Pooling = false };
        await using var template = dataSource.CreateConnection();
        await using var connection = template.CloneWith(settings.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using (var command = new NpgsqlCommand("set lock_timeout = 0; set statement_timeout = 0; select pg_advisory_lock(hashtextextended('fanout.migrations', 0))", connection) { CommandTimeout = 0 })
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        await using (var command = new NpgsqlCommand($"create schema if not exists \"{schema}\"", connection))
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        var result = await Task.Run(Upgrade, cancellationToken);
        if (!result.Successful)
        {
            if (result.Error is NpgsqlException error && IsAway(error))
            {
                ExceptionDispatchInfo.Throw(error);
            }

            throw new InvalidOperationException($"Schema '{schema}' of database '{settings.Database}' could not be migrated: script {result.ErrorScript?.Name} failed: {result.Error.Message}", result.Error);
        }

        foreach (var script in result.Scripts)
        {
            Log.Migrated(logger, schema, script.Name);
        }
    }

    // A script that was cut off has left nothing: each runs in a transaction. 57P is the server being shut down, or ending the session.
    private static bool IsAway(NpgsqlException e)
        => e.IsTransient || e.InnerException is IOException or System.Net.Sockets.SocketException || e.SqlState?.StartsWith("57P", StringComparison.Ordinal) == true;

    private DatabaseUpgradeResult Upgrade()
        => DeployChanges.To
            .PostgresqlDatabase(new DbUp.Postgresql.PostgresqlConnectionManager(dataSource))
            .WithScriptsEmbeddedInAssembly(assembly, name => name.Contains(".Migrations.", StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal))
            .JournalToPostgresqlTable(schema, "schema_versions")
            .WithVariablesDisabled()
            .WithTransactionPerScript()
            .LogTo(new NoOpUpgradeLog())
            .Build()
            .PerformUpgrade();

    private static partial class Log
    {
        [LoggerMessage(101, LogLevel.Warning, "Postgres cannot be reached to migrate schema '{Schema}'; trying again in {Delay}. Check ConnectionStrings and that the server runs.")]
        public static partial void DatabaseAway(ILogger logger, string schema, TimeSpan delay, Exception exception);

        [LoggerMessage(102, LogLevel.Information, "Schema '{Schema}': applied {Script}.")]
        public static partial void Migrated(ILogger logger, string schema, string script);
    }
}
