using Aspire.Hosting.ApplicationModel;
using Npgsql;

namespace FanOut.EmbeddedHosting.Running;

internal sealed class PostgresDatabaseRunner(PostgresDatabaseResource database, string instance, RunnerContext context) : ResourceRunner(database, instance, replica: 0, context)
{
    protected override string TypeName => "PostgresDatabase";

    protected override string? ConnectionString => database.Parent.PrimaryEndpoint.IsAllocated ? database.ConnectionString : null;

    protected override async Task RunAsync(CancellationToken cancellationToken)
    {
        await Context.Notifications.WaitForResourceHealthyAsync(database.Parent.Name, cancellationToken);
        Update(KnownResourceStates.Running);
        await WatchHealthAsync(cancellationToken);
    }

    protected override async Task<string?> CheckHealthAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection($"{database.ConnectionString};Pooling=false;Timeout=3");
            await connection.OpenAsync(cancellationToken);
            return null;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            await CreateAsync(cancellationToken);
            return "is being created";
        }
    }

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection($"{database.Parent.ConnectionString};Database=postgres;Pooling=false;Timeout=3");
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A database's name cannot be a parameter; it is quoted.
        command.CommandText = $"CREATE DATABASE {new NpgsqlCommandBuilder().QuoteIdentifier(database.DatabaseName)}";
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
