using FanOut.ServiceDefaults.Clients;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Microsoft.Extensions.Hosting;

public static class NpgsqlClientExtensions
{
    private const string Section = "Aspire:Npgsql";
    private const string HealthCheck = "PostgreSql";

    /// <summary>
    /// Registers <see cref="NpgsqlDataSource"/> with Aspire's client integration: health check, traces and metrics,
    /// from <c>ConnectionStrings:{connectionName}</c> and the section <c>Aspire:Npgsql</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no connection string, or it is malformed.</exception>
    public static void AddNpgsqlDataSource(
        this IHostApplicationBuilder builder, string connectionName, Action<NpgsqlDataSourceBuilder>? configureDataSourceBuilder = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        var connectionString = ConnectionStringKey.Require(builder.Configuration, Section, connectionName);
        ConnectionStringKey.CheckPostgres(connectionName, connectionString);
        AspirePostgreSqlNpgsqlExtensions.AddNpgsqlDataSource(builder, connectionName, configureSettings: null, configureDataSourceBuilder: source =>
        {
            // The name that metrics carry; without one they carry the connection string.
            source.Name = connectionName;
            NpgsqlSession.SetDefaults(source.ConnectionStringBuilder, builder.Configuration, builder.Environment.ApplicationName);
            source.ConfigureTracing(QuerySummary.NameSpans);
            configureDataSourceBuilder?.Invoke(source);
        });

        // Instead of Aspire's, which a read-only node satisfies.
        builder.Services.Configure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations.Where(check => check.Name == HealthCheck))
            {
                check.Factory = services => new WritableDatabaseCheck(services.GetRequiredService<NpgsqlDataSource>());
            }
        });
    }
}
