using Server = Aspire.Hosting.ApplicationModel.IResourceBuilder<Aspire.Hosting.ApplicationModel.IResourceWithConnectionString>;

namespace FanOut.AppHost.Servers;

/// <summary>Redis, the database, and the accounts of the services. The resources' own connection strings are the administrator's.</summary>
internal sealed record ServerSet(
    Server Redis, Server Database, EndpointReference RedisEndpoint, EndpointReference PostgresEndpoint, IReadOnlyList<ServiceAccount> Accounts)
{
    /// <summary>The connection strings of one service; that of Redis is null if it does not use Redis.</summary>
    public (ReferenceExpression? Redis, ReferenceExpression Database) ConnectionStrings(string service)
    {
        var account = Accounts.Single(account => account.Service == service);
        return (
            RedisUsers.Has(account)
                ? ReferenceExpression.Create($"{Host(RedisEndpoint)}:{Port(RedisEndpoint)},user={account.RedisUser},password={account.Password}")
                : null,
            ReferenceExpression.Create(
                $"Host={Host(PostgresEndpoint)};Port={Port(PostgresEndpoint)};"
                + $"Username={account.PostgresRole};Password={account.Password};Database=fanout"));
    }

    private EndpointReferenceExpression Host(EndpointReference endpoint) =>
        endpoint.Property(Redis.ApplicationBuilder.ExecutionContext.IsPublishMode ? EndpointProperty.Host : EndpointProperty.IPV4Host);

    private static EndpointReferenceExpression Port(EndpointReference endpoint) => endpoint.Property(EndpointProperty.Port);
}

internal static class ServerSetExtensions
{
    /// <summary>Connects a service with its own accounts, and starts it when the migrator has made them.</summary>
    public static IResourceBuilder<ProjectResource> WithServers(
        this IResourceBuilder<ProjectResource> service, ServerSet servers, IResourceBuilder<ProjectResource> migrator)
    {
        var (redis, database) = servers.ConnectionStrings(service.Resource.Name);
        if (redis is not null)
        {
            service.WithEnvironment("ConnectionStrings__redis", redis).WaitFor(servers.Redis);
        }

        return service
            .WithEnvironment("ConnectionStrings__fanout", database).WaitFor(servers.Database)
            .WaitForCompletion(migrator);
    }

    /// <summary>Connects the migrator as the owner of the database, and gives it the passwords of the services.</summary>
    public static IResourceBuilder<ProjectResource> WithRoles(this IResourceBuilder<ProjectResource> migrator, ServerSet servers)
    {
        migrator.WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString)
            .WithReference(servers.Database).WaitFor(servers.Database);
        if (migrator.ApplicationBuilder.ExecutionContext.IsRunMode)
        {
            // Not for the migrator, but for ./fanout verify: Aspire shows connection strings only where they are variables.
            migrator.WithReference(servers.Redis);
        }

        foreach (var account in servers.Accounts)
        {
            migrator.WithEnvironment($"Roles__{account.Service}__Password", ReferenceExpression.Create($"{account.Password}"));
        }

        return migrator;
    }
}
