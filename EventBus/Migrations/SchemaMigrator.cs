using System.Reflection;
using System.Runtime.ExceptionServices;
using DbUp;
using DbUp.Engine;
using DbUp.Engine.Output;
using FanOut.EventBus.Database;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Migrations;

/// <summary>A schema, the assembly that embeds its scripts, and whether other services use it too.</summary>
internal sealed record SchemaMigration(string Name, Assembly Assembly, bool IsShared);

/// <summary>
/// Brings schemas up to date when the host starts, before any other hosted service runs. Every replica does it: an advisory lock lets one at a
/// time in, and the journal table <c>schema_versions</c> of the schema makes the others find nothing to do. It waits and says so while Postgres is
/// away, and while scripts are pending that this process' user may not apply: its owner does.
/// </summary>
internal sealed partial class SchemaMigrator(
    IEnumerable<SchemaMigration> schemas, IEnumerable<RelationAccess> access, NpgsqlDataSource dataSource, TimeProvider time,
    ILogger<SchemaMigrator> logger) : IHostedLifecycleService
{
    private const string LockSql =
        "set local lock_timeout = 0; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; "
        + "select pg_advisory_xact_lock(hashtextextended('fanout.migrations', 0))";

    private readonly Lock _starting = new();
    private Task? _migration;
    private bool _hasWaitedForOwner;

    /// <summary>Migrates once. Others that need a schema in this phase of the start call it too: the host may run them at the same time.</summary>
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        lock (_starting)
        {
            return _migration ??= MigrateAllAsync(cancellationToken);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task MigrateAllAsync(CancellationToken cancellationToken)
    {
        foreach (var schema in schemas)
        {
            await RepeatAsync(schema, () => MigrateAsync(schema, cancellationToken), cancellationToken);
        }

        // Each part says what it needs of a shared schema.
        var all = access.Concat(schemas.Where(schema => !schema.IsShared).Select(schema => RelationAccess.Everything(schema.Name)));
        await RepeatAsync(schemas.LastOrDefault(), () => RequireAsync(all, cancellationToken), cancellationToken);
    }

    private async Task RequireAsync(IEnumerable<RelationAccess> all, CancellationToken cancellationToken)
    {
        if (await DatabaseCheck.FindMissingGrantsAsync(dataSource, all, cancellationToken) is { } fault)
        {
            // Who has just migrated the schema may be about to grant what is new in it.
            throw _hasWaitedForOwner ? new NotMigratedException(fault) : new InvalidOperationException(fault);
        }
    }

    /// <summary>Repeats what fails because Postgres is away, or because the owner of the schema has not migrated it.</summary>
    private async Task RepeatAsync(SchemaMigration? schema, Func<Task> action, CancellationToken cancellationToken)
    {
        for (var backoff = new Backoff(time, TimeSpan.FromMilliseconds(250)); ; await backoff.WaitAsync(cancellationToken))
        {
            try
            {
                await action();
                return;
            }
            catch (NpgsqlException e) when (IsAway(e))
            {
                Log.DatabaseAway(logger, schema?.Name, EnvironmentFault.Describe(e), e);
                dataSource.ClearIfReadOnly(e);
            }
            catch (Exception e) when (e is NotMigratedException or PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege })
            {
                _hasWaitedForOwner = true;
                Log.NotMigrated(logger, schema?.Name, e is PostgresException refused ? $"{refused.MessageText}." : e.Message);
            }
        }
    }

    private async Task MigrateAsync(SchemaMigration schema, CancellationToken cancellationToken)
    {
        var facts = await DatabaseCheck.ReadAsync(dataSource, schema.Name, cancellationToken);
        if (facts.IsReadOnly)
        {
            throw new PostgresException(
                "The server is a standby, or default_transaction_read_only is on", "ERROR", "ERROR", PostgresErrorCodes.ReadOnlySqlTransaction);
        }

        if (DatabaseCheck.FindFault(facts) is { } fault)
        {
            throw new InvalidOperationException(fault);
        }

        var upgrade = CreateUpgrade(schema);
        if (!await Task.Run(upgrade.IsUpgradeRequired, cancellationToken))
        {
            return;
        }

        if (DatabaseCheck.WhyNotMigrate(facts, schema.Name) is { } reason)
        {
            throw new NotMigratedException(reason);
        }

        // A lock of this transaction, not of its session, which a pooler may give to somebody else. The scripts run on connections of their own
        // meanwhile.
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var command = new NpgsqlCommand(LockSql, connection, transaction) { CommandTimeout = 0 })
        {
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        // Not even "if not exists" is for a user who may not create schemas.
        if (!(await DatabaseCheck.ReadAsync(dataSource, schema.Name, cancellationToken)).HasSchema)
        {
            await dataSource.ExecuteAsync($"create schema \"{schema.Name}\"", [], cancellationToken);
        }

        var result = await Task.Run(upgrade.PerformUpgrade, cancellationToken);
        if (!result.Successful)
        {
            if (result.Error is NpgsqlException error && IsAway(error))
            {
                ExceptionDispatchInfo.Throw(error);
            }

            throw new InvalidOperationException(
                $"Schema '{schema.Name}' of database '{connection.Database}' could not be migrated: script {result.ErrorScript?.Name} failed: "
                + result.Error.Message
                + (result.Error is PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege }
                    ? $". Only the schema's owner can migrate it: start a service that is, or grant its role to '{facts.User}'." : ""),
                result.Error);
        }

        foreach (var script in result.Scripts)
        {
            Log.Migrated(logger, schema.Name, script.Name);
        }
    }

    // A script that was cut off has left nothing: each runs in a transaction. 57P is the server being shut down, or ending the session;
    // 25006 is a standby.
    private static bool IsAway(NpgsqlException e) =>
        e.IsTransient
        || e.InnerException is IOException or System.Net.Sockets.SocketException
        || e.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction or ['5', '7', 'P', ..];

    private UpgradeEngine CreateUpgrade(SchemaMigration schema)
        => DeployChanges.To
            .PostgresqlDatabase(new DbUp.Postgresql.PostgresqlConnectionManager(dataSource))
            .WithScriptsEmbeddedInAssembly(
                schema.Assembly, name => name.Contains(".Migrations.", StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal))
            .JournalToPostgresqlTable(schema.Name, "schema_versions")
            .WithVariablesDisabled()
            .WithTransactionPerScript()
            .LogTo(new NoOpUpgradeLog())
            .Build();

    private static partial class Log
    {
        [LoggerMessage(101, LogLevel.Warning,
            "Postgres cannot be used to migrate schema '{Schema}' and is tried again: {Reason}. Check ConnectionStrings and that the server runs.")]
        public static partial void DatabaseAway(ILogger logger, string? schema, string reason, Exception exception);

        [LoggerMessage(102, LogLevel.Information, "Schema '{Schema}': applied {Script}.")]
        public static partial void Migrated(ILogger logger, string schema, string script);

        [LoggerMessage(103, LogLevel.Warning,
            "The start waits until schema '{Schema}' is migrated: {Reason} Run the migrator, or a service whose user owns the schema.")]
        public static partial void NotMigrated(ILogger logger, string? schema, string reason);
    }

    private sealed class NotMigratedException(string reason) : Exception(reason);
}
