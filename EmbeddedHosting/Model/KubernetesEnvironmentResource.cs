using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Kubernetes;

public sealed class KubernetesEnvironmentResource(string name) : Resource(name)
{
    public string DefaultStorageType { get; set; } = "emptyDir";
}
