using FanOut.ServiceDefaults.Clients;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;
#if !USE_ASPIRE
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
#endif

namespace Microsoft.Extensions.Hosting;

public static class RedisClientExtensions
{
    private const string Section = "Aspire:StackExchange:Redis";
    private const string HealthCheck = "StackExchange.Redis";

    /// <summary>
    /// Registers <see cref="IConnectionMultiplexer"/> and its <see cref="ConfigurationOptions"/>, with health check and traces,
    /// from <c>ConnectionStrings:{connectionName}</c> and the section <c>Aspire:StackExchange:Redis</c>.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="connectionName">The connection string's name.</param>
    /// <param name="configureOptions">What the service itself wants.</param>
    /// <param name="failureStatus">What the service is while Redis is away: not ready, unless it can do its work without.</param>
    /// <exception cref="InvalidOperationException">There is no connection string, or it is malformed.</exception>
    public static void AddRedisClient(
        this IHostApplicationBuilder builder, string connectionName, Action<ConfigurationOptions>? configureOptions = null, HealthStatus failureStatus = HealthStatus.Unhealthy)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        var connectionString = ConnectionStringKey.Require(builder.Configuration, Section, connectionName);
        ConnectionStringKey.Check(connectionName, () => ConfigurationOptions.Parse(connectionString));

#if USE_ASPIRE
        AspireRedisExtensions.AddRedisClient(builder, connectionName, configureSettings: null, configureOptions: Configure);
#else
        var section = builder.Configuration.GetSection(Section);
        var named = section.GetSection(connectionName);
        var settings = new RedisClientSettings();
        section.Bind(settings);
        named.Bind(settings);

        builder.Services.AddSingleton<IOptionsFactory<ConfigurationOptions>>(services => ActivatorUtilities.CreateInstance<RedisOptionsFactory>(services, connectionString));
        builder.Services.Configure<ConfigurationOptions>(options =>
        {
            section.GetSection("ConfigurationOptions").Bind(options);
            named.GetSection("ConfigurationOptions").Bind(options);
            Configure(options);
        });
        builder.Services.AddSingleton<IConnectionMultiplexer>(services =>
        {
            var connection = ConnectionMultiplexer.Connect(services.GetRequiredService<IOptions<ConfigurationOptions>>().Value);
            if (services.GetService<RedisCommandTracing>() is { } tracing)
            {
                connection.RegisterProfiler(tracing.SessionOfCaller);
            }

            return connection;
        });

        if (!settings.DisableTracing)
        {
            builder.Services.TryAddSingleton(TimeProvider.System);
            builder.Services.AddSingleton<RedisCommandTracing>();
            builder.Services.AddHostedService(services => services.GetRequiredService<RedisCommandTracing>());
        }

        if (!settings.DisableHealthChecks)
        {
            builder.Services.AddHealthChecks().AddCheck<RedisHealthCheck>(HealthCheck);
        }
#endif

        builder.Services.PostConfigure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations.Where(check => check.Name == HealthCheck))
            {
                check.FailureStatus = failureStatus;
            }
        });

        // Defaults, not values: what the connection string or the section says stands.
        void Configure(ConfigurationOptions options)
        {
            if (options.Defaults is not AzureOptionsProvider)
            {
                options.Defaults = new RedisDefaults(builder.Environment.ApplicationName);
            }

            configureOptions?.Invoke(options);
        }
    }
}
