using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.AppHost.Servers;

/// <summary>Redis (or Valkey) as a process of this machine.</summary>
internal sealed class RedisProcess(string name, string script, string folder, ParameterResource password)
    : ExecutableResource(name, script, folder), IResourceWithConnectionString
{
    public EndpointReference Endpoint => field ??= new(this, "tcp");

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"{Endpoint.Property(EndpointProperty.IPV4Host)}:{Endpoint.Property(EndpointProperty.Port)},password={password}");
}

internal static class RedisProcessExtensions
{
    public static IResourceBuilder<RedisProcess> AddRedisProcess(
        this IDistributedApplicationBuilder builder, string name, DataFolder data, IEnumerable<string> settings, ReferenceExpression users)
    {
        var program = LocalPrograms.Find(["redis-server", "valkey-server"], "redis-server", "redis", "redis");
        var password = builder.AddParameter($"{name}-password", () => data.Password($"{name}-password"), secret: true);
        var folder = Path.Combine(builder.AppHostDirectory, "Servers");
        var redis = new RedisProcess(name, Path.Combine(folder, "redis.sh"), folder, password.Resource);
        string? connectionString = null;
        builder.Services.AddHealthChecks().AddRedis(_ => connectionString!, $"{name}_check");
        return builder.AddResource(redis)
            .WithEndpoint(name: "tcp", scheme: "redis", port: builder.Configuration.GetValue<int?>($"Ports:{name}"), isProxied: false)
            .WithEnvironment("REDIS_SERVER", program)
            .WithEnvironment("REDIS_DATA", data[name])
            .WithEnvironment("REDIS_PORT", redis.Endpoint.Property(EndpointProperty.TargetPort))
            .WithEnvironment("REDIS_PASSWORD", password)
            .WithEnvironment("REDIS_USERS", users)
            .WithEnvironment("REDIS_ARGS", string.Join(' ', settings))
            .WithIconName("DatabaseLightning")
            .WithHealthCheck($"{name}_check")
            .OnConnectionStringAvailable(async (resource, _, cancellationToken) =>
                connectionString = await resource.ConnectionStringExpression.GetValueAsync(cancellationToken));
    }
}
