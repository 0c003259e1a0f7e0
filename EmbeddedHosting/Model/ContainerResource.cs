namespace Aspire.Hosting.ApplicationModel;

/// <summary>A server that Aspire runs in a container and this engine runs as a local process.</summary>
public abstract class ContainerResource(string name)
    : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport;
