using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Adds the key in <c>Access:DevelopmentKey</c>, which may do everything, to the database.</summary>
internal sealed class DevelopmentKey(IConfiguration configuration, IHostEnvironment environment, NpgsqlDataSource dataSource) : IHostedService
{
    private const string Setting = "Access:DevelopmentKey";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (configuration[Setting] is not { Length: > 0 } text)
        {
            return;
        }

        if (!environment.IsDevelopment())
        {
            throw new InvalidOperationException($"{Setting} is only for Development. Remove it, and create keys with ./fanout keys create.");
        }

        if (!ApiKey.TryParse(text, out var key))
        {
            throw new InvalidOperationException($"{Setting} must be an API key: {ApiKey.Prefix}<id>.<secret of 43 characters>.");
        }

        await new ApiKeyRegistry(dataSource).PutDevelopmentKeyAsync(key, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

public static class DevelopmentKeyExtensions
{
    /// <summary>Adds the key of a system in development when the host starts, after the hosted services before it.</summary>
    public static void AddDevelopmentKey(this IServiceCollection services) => services.AddHostedService<DevelopmentKey>();
}
