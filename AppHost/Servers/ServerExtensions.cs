using Microsoft.Extensions.Configuration;
using Server = Aspire.Hosting.ApplicationModel.IResourceBuilder<Aspire.Hosting.ApplicationModel.IResourceWithConnectionString>;

namespace FanOut.AppHost.Servers;

/// <summary>
/// Redis and the database: containers if a container engine answers, and always when published, otherwise processes of this machine.
/// Services get the same connection strings either way. <c>--Containers=true|false</c> overrides the choice.
/// </summary>
internal static class ServerExtensions
{
    /// <summary>Settings that a stream needs: an append-only file, and no eviction.</summary>
    private static readonly string[] DurableRedis = ["--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"];

    public static (Server Redis, Server Database) AddServers(this IDistributedApplicationBuilder builder)
    {
        var engine = builder.ExecutionContext.IsPublishMode ? null : ContainerEngine.Find(builder.Configuration);
        return engine is not null || builder.ExecutionContext.IsPublishMode ? builder.AddServerContainers(engine) : builder.AddServerProcesses();
    }

    private static (Server Redis, Server Database) AddServerContainers(this IDistributedApplicationBuilder builder, string? engine)
    {
        var redisVolume = builder.Configuration["Volumes:redis"] ?? "fanout-redis";
        var postgresVolume = builder.Configuration["Volumes:postgres"] ?? "fanout-postgres";
        if (engine is not null && builder.Configuration.GetValue("Fresh", false))
        {
            builder.Eventing.Subscribe<BeforeStartEvent>((_, _) =>
            {
                ContainerEngine.RemoveVolume(engine, redisVolume);
                ContainerEngine.RemoveVolume(engine, postgresVolume);
                return Task.CompletedTask;
            });
        }

        var redis = builder.AddRedis("redis", builder.Configuration.GetValue<int?>("Ports:redis"), Password(builder, "redis-password"))
            .WithoutHttpsCertificate()
            .WithDataVolume(redisVolume)
            .WithArgs(AddDurableRedis);
        var postgres = builder.AddPostgres("postgres", password: Password(builder, "postgres-password"))
            .WithHostPort(builder.Configuration.GetValue<int?>("Ports:postgres"))
            .WithDataVolume(postgresVolume)
            .WithEnvironment("POSTGRES_DB", "fanout");
        if (builder.ExecutionContext.IsRunMode)
        {
            Password(builder, DevelopmentKey.Secret, DevelopmentKey.SecretLength);
        }

        return (redis, postgres.AddDatabase("fanout"));
    }

    private static (Server Redis, Server Database) AddServerProcesses(this IDistributedApplicationBuilder builder)
    {
        var data = DataFolder.Of(builder);
        var postgres = builder.AddPostgresProcess("postgres", data, "fanout");
        var database = builder.AddConnectionString("fanout", postgres.Resource.ConnectionStringExpression)
            .WaitFor(postgres)
            .WithParentRelationship(postgres)
            .WithIconName("Database");
        builder.AddParameter(DevelopmentKey.Secret, () => data.Password(DevelopmentKey.Secret, DevelopmentKey.SecretLength), secret: true);
        return (builder.AddRedisProcess("redis", data, DurableRedis), database);
    }

    /// <summary>A password without special characters, because connection strings contain it. Aspire keeps it in the user secrets.</summary>
    private static IResourceBuilder<ParameterResource> Password(IDistributedApplicationBuilder builder, string name, int length = 24) =>
        builder.AddParameter(name, new GenerateParameterDefault { MinLength = length, Special = false }, secret: true, persist: true);

    private static void AddDurableRedis(CommandLineArgsCallbackContext context)
    {
        // When published, the server's command line is one string for a shell. Arguments after it would go to the shell.
        if (context.Args is ["-c", string command])
        {
            context.Args[1] = $"{command} {string.Join(' ', DurableRedis)}";
            return;
        }

        foreach (var setting in DurableRedis)
        {
            context.Args.Add(setting);
        }
    }
}
