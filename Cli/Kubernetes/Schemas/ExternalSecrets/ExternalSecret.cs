using System.ComponentModel.DataAnnotations;
using k8s.Models;

namespace FanOut.Cli.Kubernetes.Schemas.ExternalSecrets;

/// <summary><see href="https://external-secrets.io/latest/api/externalsecret/"/>, less generators and rewriting.</summary>
[KubernetesEntity(Group = "external-secrets.io", ApiVersion = "v1", Kind = "ExternalSecret")]
internal sealed record ExternalSecret
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }

    public required SpecOfSecret Spec { get; init; }

    internal sealed record SpecOfSecret
    {
        public Store? SecretStoreRef { get; init; }

        public TargetSecret? Target { get; init; }

        [AllowedValues("CreatedOnce", "Periodic", "OnChange", ErrorMessage = "must be CreatedOnce, Periodic or OnChange.")]
        public string? RefreshPolicy { get; init; }

        [RegularExpression(@"^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$", ErrorMessage = "must be a duration of Go, such as 30s or 1h.")]
        public string? RefreshInterval { get; init; }

        public IList<Entry>? Data { get; init; }
    }

    internal sealed record Store
    {
        public string? Name { get; init; }

        [AllowedValues("SecretStore", "ClusterSecretStore", ErrorMessage = "must be SecretStore or ClusterSecretStore.")]
        public string? Kind { get; init; }
    }

    internal sealed record TargetSecret
    {
        public string? Name { get; init; }

        [AllowedValues("Owner", "Orphan", "Merge", "None", ErrorMessage = "must be Owner, Orphan, Merge or None.")]
        public string? CreationPolicy { get; init; }

        [AllowedValues("Delete", "Merge", "Retain", ErrorMessage = "must be Delete, Merge or Retain.")]
        public string? DeletionPolicy { get; init; }

        public bool? Immutable { get; init; }

        public Shape? Template { get; init; }
    }

    internal sealed record Shape
    {
        public string? Type { get; init; }

        public string? EngineVersion { get; init; }

        public IDictionary<string, string>? Data { get; init; }
    }

    internal sealed record Entry
    {
        public required string SecretKey { get; init; }

        public required Remote RemoteRef { get; init; }
    }

    internal sealed record Remote
    {
        public required string Key { get; init; }

        public string? Property { get; init; }

        public string? Version { get; init; }
    }
}
