using FanOut.Contracts;
using FanOut.ServiceDefaults;
using Microsoft.Extensions.Options;
using Npgsql;

namespace FanOut.Migrator.Roles;

/// <summary>
/// Before the migrations, creates the role of each service and sets its password. After them, grants each role what its service needs, and registers
/// the stream for the reclaimer. It can be repeated at any time, and several migrators can run at once. It waits while Postgres is away.
/// </summary>
internal sealed partial class ServiceRoles(
    NpgsqlDataSource postgres, IOptions<ServiceRolesOptions> options, TimeProvider time, ILogger<ServiceRoles> logger) : IHostedLifecycleService
{
    private const string LockSql = "select pg_advisory_xact_lock(hashtextextended('fanout.roles', 0))";
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);
    private static readonly string MissingSql = EmbeddedSql.Read(typeof(ServiceRoles), "find_missing_rights.sql");
    private static readonly string CreateSql = EmbeddedSql.Read(typeof(ServiceRoles), "create_roles.sql");
    private static readonly string GrantSql = EmbeddedSql.Read(typeof(ServiceRoles), "grant.sql");

    private static readonly string[] Schemas = ["bus", "access", "orders", "webhooks", "analytics", "notifications"];

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        for (; ; await Task.Delay(RetryInterval, time, cancellationToken))
        {
            try
            {
                await CreateAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException e) when (e.IsTransient)
            {
                Log.DatabaseAway(logger, e.Message, e);
            }
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, LockSql, cancellationToken);
        await ExecuteAsync(connection, GrantSql, cancellationToken);
        await ExecuteAsync(connection, $"set local role {ServiceRolesOptions.NameOf("reclaimer")}", cancellationToken);
        await ExecuteAsync(connection, "select bus.register_stream($1)", cancellationToken, EventStreams.Orders);
        await transaction.CommitAsync(cancellationToken);
        Log.Granted(logger);
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, LockSql, cancellationToken);
        await RequireRightsAsync(connection, cancellationToken);
        await ExecuteAsync(connection, CreateSql, cancellationToken);
        foreach (var (service, role) in options.Value.Roles)
        {
            var sql = $"alter role {ServiceRolesOptions.NameOf(service)} login password '{ScramSecret.Create(role.Password!)}'";
            await ExecuteAsync(connection, sql, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private async Task RequireRightsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(MissingSql, connection);
        command.Parameters.AddWithValue(Schemas);
        command.Parameters.AddWithValue(ServiceRolesOptions.Services.Select(ServiceRolesOptions.NameOf).ToArray());
        command.Parameters.AddWithValue(options.Value.Roles.Keys.Select(ServiceRolesOptions.NameOf).ToArray());
        var missing = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            missing.Add(reader.GetString(reader.GetOrdinal("statement")));
        }

        if (missing.Count > 0)
        {
            throw new InvalidOperationException(
                $"The Postgres user of the migrator may not do all that it has to. Run as an administrator: {string.Join("; ", missing)}.");
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.AddWithValue(value);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning,
            "Postgres cannot be used and is tried again: {Reason}. Check ConnectionStrings:fanout and that the server runs.")]
        public static partial void DatabaseAway(ILogger logger, string reason, Exception exception);

        [LoggerMessage(2, LogLevel.Information, "Every schema is up to date, and every service's role has what it needs.")]
        public static partial void Granted(ILogger logger);
    }
}
