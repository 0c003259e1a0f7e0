using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.AppHost.Servers;

/// <summary>PostgreSQL with one database, as a process of this machine.</summary>
internal sealed class PostgresProcess(string name, string script, string folder, ParameterResource password, string database)
    : ExecutableResource(name, script, folder), IResourceWithConnectionString
{
    public EndpointReference Endpoint => field ??= new(this, "tcp");

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host={Host};Port={Endpoint.Property(EndpointProperty.Port)};Username=postgres;Password={password};Database={database}");

    private EndpointReferenceExpression Host => Endpoint.Property(EndpointProperty.IPV4Host);
}

internal static class PostgresProcessExtensions
{
    public static IResourceBuilder<PostgresProcess> AddPostgresProcess(
        this IDistributedApplicationBuilder builder, string name, DataFolder data, string database)
    {
        var program = LocalPrograms.Find(["initdb"], "postgresql", "postgresql-server", "postgresql");
        var password = builder.AddParameter($"{name}-password", () => data.Password($"{name}-password"), secret: true);
        var folder = Path.Combine(builder.AppHostDirectory, "Servers");
        var postgres = new PostgresProcess(name, Path.Combine(folder, "postgres.sh"), folder, password.Resource, database);
        string? connectionString = null;
        builder.Services.AddHealthChecks().AddNpgSql(_ => connectionString!, name: $"{name}_check");
        return builder.AddResource(postgres)
            .WithEndpoint(name: "tcp", scheme: "tcp", port: builder.Configuration.GetValue<int?>($"Ports:{name}"), isProxied: false)
            .WithEnvironment("POSTGRES_PROGRAMS", Path.GetDirectoryName(program)!)
            .WithEnvironment("POSTGRES_DATA", data[name])
            .WithEnvironment("POSTGRES_PORT", postgres.Endpoint.Property(EndpointProperty.TargetPort))
            .WithEnvironment("POSTGRES_DB", database)
            .WithEnvironment("POSTGRES_PASSWORD", password)
            .WithIconName("DatabaseMultiple")
            .WithHealthCheck($"{name}_check")
            .OnConnectionStringAvailable(async (resource, _, cancellationToken) =>
                connectionString = await resource.ConnectionStringExpression.GetValueAsync(cancellationToken));
    }
}
