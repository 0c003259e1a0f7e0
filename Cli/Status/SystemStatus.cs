using System.Text.Json.Serialization;
using FanOut.EmbeddedHosting.State;

namespace FanOut.Cli.Status;

internal sealed record SystemStatus(IReadOnlyList<ResourceStatus> Resources)
{
    [JsonIgnore]
    public bool IsHealthy => Resources.Count > 0 && Resources.All(resource => resource.Health == "Healthy");

    public static SystemStatus Read(string dataPath)
    {
        if (HostState.Read(dataPath) is not { } state)
        {
            return new SystemStatus([]);
        }

        var alive = state.IsAlive();
        return new SystemStatus([.. state.Resources.Where(resource => resource.Parent is null).Select(resource => Describe(resource, state, alive))]);
    }

    public string? Url(string resource) => Resources.FirstOrDefault(other => other.Name == resource && other.Endpoints.ContainsKey("http"))?.Endpoints["http"];

    public string? ConnectionString(string resource) => Resources.FirstOrDefault(other => other.Name == resource)?.ConnectionString;

    private static ResourceStatus Describe(ResourceState resource, HostState state, bool alive)
    {
        // A server that holds one database is reached through that database.
        var parts = state.Resources.Where(other => other.Parent == resource.Name).ToArray();
        var connectionString = parts is [{ ConnectionString: { } only }] ? only : resource.ConnectionString;
        return alive
            ? new ResourceStatus(resource.Name, resource.Type, resource.State, resource.Health, resource.Pid, resource.Endpoints, connectionString)
            : new ResourceStatus(resource.Name, resource.Type, "Stopped", "Unhealthy", null, resource.Endpoints, connectionString);
    }
}
