using System.Reflection;
using FanOut.EventBus.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace FanOut.EventBus;

/// <summary>Registers migrations of a Postgres schema.</summary>
public static class SchemaMigrationsServiceCollectionExtensions
{
    /// <summary>
    /// When the host starts, applies the embedded <c>Migrations/*.sql</c> scripts of <paramref name="assembly"/> that <paramref name="schema"/> has
    /// not had yet, in the order of their names, each in a transaction, one replica at a time. Schemas are migrated in the order in which they are
    /// added, before any hosted service starts, also where services start concurrently. The start waits while Postgres
    /// is away, and while scripts are pending that the user of this process may not apply: a user who owns the schema applies them.
    /// </summary>
    /// <param name="services">The services; an <see cref="NpgsqlDataSource"/> must be among them.</param>
    /// <param name="schema">The schema, created where missing; lower-case letters and <c>_</c>.</param>
    /// <param name="assembly">The assembly that embeds the scripts.</param>
    /// <param name="isShared">
    /// Whether other services use the schema too. Of a schema that is not shared, the start checks that this process may use every table.
    /// </param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddSchemaMigrations(
        this IServiceCollection services, string schema, Assembly assembly, bool isShared = false)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(assembly);
        if (schema.Length == 0 || !schema.All(c => c is (>= 'a' and <= 'z') or '_'))
        {
            throw new ArgumentException($"'{schema}' is not a schema name: use a-z and '_'.", nameof(schema));
        }

        services.TryAddSingleton<SchemaMigrator>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SchemaMigrator>(
            provider => provider.GetRequiredService<SchemaMigrator>()));
        return services.AddSingleton(new SchemaMigration(schema, assembly, isShared));
    }
}
