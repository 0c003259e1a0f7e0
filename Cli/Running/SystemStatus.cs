using System.Text.Json.Serialization;

namespace FanOut.Cli.Running;

/// <summary>The system as Aspire sees it. It has no resources if the system is not running.</summary>
internal sealed record SystemStatus(string? Dashboard, IReadOnlyList<ResourceStatus> Resources)
{
    [JsonIgnore]
    public bool IsHealthy => Resources.Count > 0 && Resources.All(resource => resource.IsReady);

    public static async Task<SystemStatus> ReadAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        var aspire = new AspireCli(workspace);
        if (await aspire.FindAppHostAsync(cancellationToken) is not { } host)
        {
            return new SystemStatus(null, []);
        }

        var resources = (await aspire.DescribeAsync(cancellationToken)).Where(resource => resource.ResourceType != "Parameter");
        return new SystemStatus(host.DashboardUrl, [.. resources.Select(ResourceStatus.From)]);
    }

    /// <returns>The address of a service, or null if it is not running.</returns>
    public string? Url(string service) =>
        Resources.FirstOrDefault(resource => resource.Name == service && resource.State == "Running")?.Endpoints.GetValueOrDefault("http");

    /// <returns>The connection string of <c>redis</c> or <c>fanout</c> that the administrator uses, or null. The services have others.</returns>
    public string? ConnectionString(string name) => Setting($"ConnectionStrings__{name}");

    /// <returns>What a client of this system sends: <c>FANOUT_API_KEY</c>, or else the key of a system in development; null without either.</returns>
    public string? ApiKey() =>
        Environment.GetEnvironmentVariable("FANOUT_API_KEY") is { Length: > 0 } given ? given : Setting("Access__DevelopmentKey");

    private string? Setting(string name) =>
        Resources.FirstOrDefault(resource => resource.Name == "migrator")?.Environment?.GetValueOrDefault(name);
}

internal sealed record ResourceStatus(
    string Name, string Type, string State, string Health, int? Pid, IReadOnlyDictionary<string, string> Endpoints)
{
    /// <summary>Healthy, or a program that has done its work.</summary>
    [JsonIgnore]
    public bool IsReady => Health is "Healthy" or Completed;

    [JsonIgnore]
    public IReadOnlyDictionary<string, string?>? Environment { get; init; }

    private const string Completed = "Completed";

    public static ResourceStatus From(AspireResource resource) => new(
        resource.DisplayName,
        resource.ResourceType,
        resource.State ?? "Unknown",
        resource.ExitCode == 0 ? Completed : resource.HealthStatus ?? "Unknown",
        resource.Pid,
        resource.Urls.Where(url => url.Name is not null).DistinctBy(url => url.Name).ToDictionary(url => url.Name!, url => url.Url))
    {
        Environment = resource.Environment,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SystemStatus))]
internal sealed partial class StatusJson : JsonSerializerContext;
