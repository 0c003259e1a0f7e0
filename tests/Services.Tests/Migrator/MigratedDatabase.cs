using FanOut.Migrator;
using FanOut.Migrator.Roles;
using FanOut.TestServers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests.Migrator;

/// <summary>A database on a server of its own, because roles belong to the server. The migrator runs as the plain role that owns it.</summary>
internal sealed class MigratedDatabase : IAsyncDisposable
{
    private const string Owner = "fanout_owner";

    private MigratedDatabase(PostgresServer server, PostgresDatabase database) => (Server, Database) = (server, database);

    public PostgresServer Server { get; }

    /// <summary>As a superuser.</summary>
    public PostgresDatabase Database { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The database is empty: the migrator has not run yet.</summary>
    public static async Task<MigratedDatabase> CreateAsync(string ownerMay = "createrole")
    {
        var server = await PostgresServer.StartAsync(new() { Password = "secret" }, Cancellation);
        var database = await server.CreateDatabaseAsync(cancellationToken: Cancellation);
        var migrated = new MigratedDatabase(server, database);
        await migrated.ExecuteAsync($"create role {Owner} login {ownerMay} password 'owner'; alter database {database.Name} owner to {Owner}");
        return migrated;
    }

    /// <summary>Runs the migrator to its end.</summary>
    /// <param name="password">Of every service's role; null sets none.</param>
    public async Task MigrateAsync(string? password = "first")
    {
        var builder = Host.CreateApplicationBuilder();
        var services = password is null ? [] : ServiceRolesOptions.Services;
        var settings = services.ToDictionary(service => $"Roles:{service}:Password", _ => password);
        settings["ConnectionStrings:fanout"] = ConnectionString(Owner, "owner");
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddServiceDefaults();
        builder.AddMigrator();
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        await host.StopAsync(Cancellation);
    }

    /// <summary>How a service reaches the database.</summary>
    public string ConnectAs(string service, string password = "first") => ConnectionString(ServiceRolesOptions.NameOf(service), password);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await Server.DisposeAsync();
    }

    private string ConnectionString(string user, string password) =>
        new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Username = user, Password = password }.ConnectionString;
}
