using System.Reflection;
using FanOut.EventBus;
using FanOut.Migrator.Roles;
using FanOut.ServiceDefaults.Access;
using Microsoft.Extensions.Options;

namespace FanOut.Migrator;

internal static class MigratorServices
{
    /// <summary>Adds what runs when the host starts: the roles first, then the migrations, then the grants, and a key in development.</summary>
    public static void AddMigrator(this IHostApplicationBuilder builder)
    {
        builder.AddNpgsqlDataSource("fanout");
        builder.Services.AddOptions<ServiceRolesOptions>()
            .Configure(options => builder.Configuration.Bind(ServiceRolesOptions.SectionName, options.Roles))
            .ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<ServiceRolesOptions>, ServiceRolesOptions.Validator>();
        builder.Services.AddHostedService<ServiceRoles>();
        foreach (var (schema, assembly) in new[]
        {
            ("bus", "FanOut.EventBus"),
            ("access", "FanOut.ServiceDefaults"),
            ("orders", "FanOut.OrderApi"),
            ("webhooks", "FanOut.WebhookWorker"),
            ("analytics", "FanOut.AnalyticsWorker"),
            ("notifications", "FanOut.NotificationWorker"),
        })
        {
            builder.Services.AddSchemaMigrations(schema, Assembly.Load(assembly));
        }

        builder.Services.AddDevelopmentKey();
    }
}
