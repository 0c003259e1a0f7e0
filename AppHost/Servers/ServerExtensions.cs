using Microsoft.Extensions.Configuration;

namespace FanOut.AppHost.Servers;

/// <summary>
/// Redis and the database: containers if a container engine answers, and always when published, otherwise processes of this machine.
/// Each service has accounts of its own at both. <c>--Containers=true|false</c> overrides the choice.
/// </summary>
internal static class ServerExtensions
{
    /// <summary>Settings that a stream needs: an append-only file, and no eviction.</summary>
    private static readonly string[] DurableRedis = ["--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"];

    public static ServerSet AddServers(this IDistributedApplicationBuilder builder)
    {
        var engine = builder.ExecutionContext.IsPublishMode ? null : ContainerEngine.Find(builder.Configuration);
        return engine is not null || builder.ExecutionContext.IsPublishMode ? builder.AddServerContainers(engine) : builder.AddServerProcesses();
    }

    private static ServerSet AddServerContainers(this IDistributedApplicationBuilder builder, string? engine)
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

        var accounts = Accounts(service => Password(builder, ServiceAccount.PasswordName(service)));
        var redis = builder.AddRedis("redis", builder.Configuration.GetValue<int?>("Ports:redis"), Password(builder, "redis-password"))
            .WithoutHttpsCertificate()
            .WithDataVolume(redisVolume)
            .WithEnvironment(context =>
            {
                foreach (var account in accounts.Where(RedisUsers.Has))
                {
                    context.EnvironmentVariables[account.PasswordVariable] = account.Password;
                }
            })
            .WithArgs(context => AddSettings(context, accounts));
        var postgres = builder.AddPostgres("postgres", password: Password(builder, "postgres-password"))
            .WithHostPort(builder.Configuration.GetValue<int?>("Ports:postgres"))
            .WithDataVolume(postgresVolume)
            .WithEnvironment("POSTGRES_DB", "fanout");
        if (builder.ExecutionContext.IsRunMode)
        {
            Password(builder, DevelopmentKey.Secret, DevelopmentKey.SecretLength);
        }

        return new ServerSet(redis, postgres.AddDatabase("fanout"), redis.Resource.PrimaryEndpoint, postgres.Resource.PrimaryEndpoint, accounts);
    }

    private static ServerSet AddServerProcesses(this IDistributedApplicationBuilder builder)
    {
        var data = DataFolder.Of(builder);
        var accounts = Accounts(service =>
        {
            var name = ServiceAccount.PasswordName(service);
            return builder.AddParameter(name, () => data.Password(name), secret: true);
        });
        var postgres = builder.AddPostgresProcess("postgres", data, "fanout");
        var database = builder.AddConnectionString("fanout", postgres.Resource.ConnectionStringExpression)
            .WaitFor(postgres)
            .WithParentRelationship(postgres)
            .WithIconName("Database");
        builder.AddParameter(DevelopmentKey.Secret, () => data.Password(DevelopmentKey.Secret, DevelopmentKey.SecretLength), secret: true);
        var redis = builder.AddRedisProcess("redis", data, DurableRedis, RedisUsers.Lines(accounts));
        return new ServerSet(redis, database, redis.Resource.Endpoint, postgres.Resource.Endpoint, accounts);
    }

    private static ServiceAccount[] Accounts(Func<string, IResourceBuilder<ParameterResource>> password) =>
        [.. ServiceAccount.Services.Select(service => new ServiceAccount(service, password(service).Resource))];

    /// <summary>A password without special characters, because connection strings contain it. Aspire keeps it in the user secrets.</summary>
    private static IResourceBuilder<ParameterResource> Password(IDistributedApplicationBuilder builder, string name, int length = 24) =>
        builder.AddParameter(name, new GenerateParameterDefault { MinLength = length, Special = false }, secret: true, persist: true);

    /// <summary>
    /// The server's command line is for a shell: one string when published, and otherwise arguments that Aspire joins to one.
    /// </summary>
    private static void AddSettings(CommandLineArgsCallbackContext context, IEnumerable<ServiceAccount> accounts)
    {
        var settings = $"{string.Join(' ', DurableRedis)} {RedisUsers.Arguments(accounts)}";
        if (context.Args is ["-c", string command])
        {
            // A brace of a manifest begins an expression, and a doubled one is a brace.
            context.Args[1] = $"{command} {settings.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal)}";
            return;
        }

        foreach (var argument in settings.Split(' '))
        {
            context.Args.Add(argument);
        }
    }
}
