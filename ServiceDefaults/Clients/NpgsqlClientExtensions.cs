using FanOut.ServiceDefaults.Clients;
using Npgsql;
#if !USE_ASPIRE
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
#endif

namespace Microsoft.Extensions.Hosting;

public static class NpgsqlClientExtensions
{
    private const string Section = "Aspire:Npgsql";

    /// <summary>
    /// Registers <see cref="NpgsqlDataSource"/>, with health check, traces and metrics,
    /// from <c>ConnectionStrings:{connectionName}</c> and the section <c>Aspire:Npgsql</c>.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no connection string, or it is malformed.</exception>
    public static void AddNpgsqlDataSource(this IHostApplicationBuilder builder, string connectionName, Action<NpgsqlDataSourceBuilder>? configureDataSourceBuilder = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        var connectionString = ConnectionStringKey.Require(builder.Configuration, Section, connectionName);
        ConnectionStringKey.Check(connectionName, () => _ = new NpgsqlConnectionStringBuilder(connectionString));

#if USE_ASPIRE
        AspirePostgreSqlNpgsqlExtensions.AddNpgsqlDataSource(builder, connectionName, configureSettings: null, configureDataSourceBuilder: Configure);
#else
        var section = builder.Configuration.GetSection(Section);
        var settings = new NpgsqlClientSettings();
        section.Bind(settings);
        section.GetSection(connectionName).Bind(settings);

        builder.Services.AddNpgsqlDataSource(connectionString, Configure);
        if (!settings.DisableTracing)
        {
            builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddNpgsql());
        }

        if (!settings.DisableMetrics)
        {
            builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter("Npgsql"));
        }

        if (!settings.DisableHealthChecks)
        {
            builder.Services.AddHealthChecks().AddCheck<PostgresHealthCheck>("PostgreSql");
        }
#endif

        void Configure(NpgsqlDataSourceBuilder source)
        {
            // The name that metrics carry; without one they carry the connection string.
            source.Name = connectionName;
            NpgsqlSession.Harden(source.ConnectionStringBuilder, builder.Environment.ApplicationName);
            configureDataSourceBuilder?.Invoke(source);
        }
    }
}
