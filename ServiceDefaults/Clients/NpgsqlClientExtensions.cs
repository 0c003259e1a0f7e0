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
    /// <param name="builder">The host.</param>
    /// <param name="connectionName">The name of the connection string.</param>
    /// <param name="configureDataSourceBuilder">Changes what the connection string and the defaults leave open; may be null.</param>
    /// <exception cref="InvalidOperationException">There is no connection string, or it is malformed.</exception>
    public static void AddNpgsqlDataSource(
        this IHostApplicationBuilder builder, string connectionName, Action<NpgsqlDataSourceBuilder>? configureDataSourceBuilder = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        var connectionString = ConnectionStringKey.Require(builder.Configuration, Section, connectionName);
        ConnectionStringKey.Check(connectionName, () => _ = new NpgsqlConnectionStringBuilder(connectionString));

#if USE_ASPIRE
        AspirePostgreSqlNpgsqlExtensions.AddNpgsqlDataSource(builder, connectionName, configureSettings: null, configureDataSourceBuilder: Harden);
#else
        var section = builder.Configuration.GetSection(Section);
        var settings = new NpgsqlClientSettings();
        section.Bind(settings);
        section.GetSection(connectionName).Bind(settings);

        builder.Services.AddNpgsqlDataSource(connectionString, Harden);
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

        void Harden(NpgsqlDataSourceBuilder source)
        {
            NpgsqlSession.Harden(source.ConnectionStringBuilder, builder.Environment.ApplicationName);
            configureDataSourceBuilder?.Invoke(source);
        }
    }
}
