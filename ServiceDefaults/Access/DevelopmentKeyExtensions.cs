using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace FanOut.ServiceDefaults.Access;

public static class DevelopmentKeyExtensions
{
    private const string Setting = "Access:DevelopmentKey";

    /// <summary>Adds the key in <c>Access:DevelopmentKey</c>, which may do everything, to the database.</summary>
    /// <exception cref="InvalidOperationException">This is not Development, or the key is malformed.</exception>
    public static async Task AddDevelopmentKeyAsync(this IServiceProvider services, CancellationToken cancellationToken = default)
    {
        if (services.GetRequiredService<IConfiguration>()[Setting] is not { Length: > 0 } text)
        {
            return;
        }

        if (!services.GetRequiredService<IHostEnvironment>().IsDevelopment())
        {
            throw new InvalidOperationException($"{Setting} is only for Development. Remove it, and create keys with ./fanout keys create.");
        }

        if (!ApiKey.TryParse(text, out var key))
        {
            throw new InvalidOperationException($"{Setting} must be an API key: {ApiKey.Prefix}<id>.<secret of 43 characters>.");
        }

        await new ApiKeyRegistry(services.GetRequiredService<NpgsqlDataSource>()).PutDevelopmentKeyAsync(key, cancellationToken);
    }
}
