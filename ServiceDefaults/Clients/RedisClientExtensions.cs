using FanOut.ServiceDefaults.Clients;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace Microsoft.Extensions.Hosting;

public static class RedisClientExtensions
{
    private const string Section = "Aspire:StackExchange:Redis";
    private const string HealthCheck = "StackExchange.Redis";
    private const string ConventionsKey = "OTEL_SEMCONV_STABILITY_OPT_IN";

    /// <summary>
    /// Registers <see cref="IConnectionMultiplexer"/> and its <see cref="ConfigurationOptions"/> with Aspire's client integration: health check
    /// and traces, from <c>ConnectionStrings:{connectionName}</c> and the section <c>Aspire:StackExchange:Redis</c>.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="connectionName">The connection string's name.</param>
    /// <param name="configureOptions">The service's own options.</param>
    /// <param name="failureStatus">The service's health while Redis is unavailable.</param>
    /// <exception cref="InvalidOperationException">There is no connection string, or it is malformed.</exception>
    public static void AddRedisClient(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<ConfigurationOptions>? configureOptions = null,
        HealthStatus failureStatus = HealthStatus.Unhealthy)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        var connectionString = ConnectionStringKey.Require(builder.Configuration, Section, connectionName);
        ConnectionStringKey.CheckRedis(connectionName, connectionString);

        // The instrumentation reads only the environment. Without this its spans follow the old database conventions.
        Environment.SetEnvironmentVariable(ConventionsKey, Environment.GetEnvironmentVariable(ConventionsKey) ?? "database");
        AspireRedisExtensions.AddRedisClient(builder, connectionName, configureSettings: null, configureOptions: options =>
        {
            // Defaults, not values: the connection string and the section win.
            if (options.Defaults is not AzureOptionsProvider)
            {
                options.Defaults = new RedisDefaults(builder.Environment.ApplicationName);
            }

            configureOptions?.Invoke(options);
        });

        builder.Services.PostConfigure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations.Where(check => check.Name == HealthCheck))
            {
                check.FailureStatus = failureStatus;
            }
        });
    }
}
