using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Docker;

public sealed class DockerComposeEnvironmentResource(string name) : Resource(name);
