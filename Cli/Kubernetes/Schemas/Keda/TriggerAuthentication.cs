using k8s.Models;

namespace FanOut.Cli.Kubernetes.Schemas.Keda;

/// <summary><see href="https://keda.sh/docs/2.20/concepts/authentication/"/>, less the stores of the clouds.</summary>
[KubernetesEntity(Group = "keda.sh", ApiVersion = "v1alpha1", Kind = "TriggerAuthentication")]
internal sealed record TriggerAuthentication
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }

    public required SpecOfAuthentication Spec { get; init; }

    internal sealed record SpecOfAuthentication
    {
        public IList<Source>? SecretTargetRef { get; init; }

        public IList<Source>? ConfigMapTargetRef { get; init; }

        public IList<Variable>? Env { get; init; }

        public string? FilePath { get; init; }
    }

    internal sealed record Source
    {
        public required string Parameter { get; init; }

        public required string Name { get; init; }

        public required string Key { get; init; }
    }

    internal sealed record Variable
    {
        public required string Parameter { get; init; }

        public required string Name { get; init; }

        public string? ContainerName { get; init; }
    }
}
