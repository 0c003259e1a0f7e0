namespace Aspire.Hosting.ApplicationModel;

public sealed class EndpointAnnotation(string name, string uriScheme, int? port = null, int? targetPort = null, bool isExternal = false) : IResourceAnnotation
{
    public string Name { get; } = name;

    public string UriScheme { get; set; } = uriScheme;

    public int? Port { get; set; } = port;

    public int? TargetPort { get; set; } = targetPort;

    public bool IsExternal { get; set; } = isExternal;

    /// <summary>The environment variable that receives the port, or null.</summary>
    internal string? PortVariable { get; init; }

    /// <summary>One address a replica; empty until the engine has chosen ports.</summary>
    internal IReadOnlyList<Uri> Allocated { get; set; } = [];
}
