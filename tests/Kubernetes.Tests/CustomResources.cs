using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace FanOut.Kubernetes.Tests;

/// <summary>An object of an operator. Each type has the fields that this repository uses: add a field here to use it in a manifest.</summary>
internal abstract record CustomResource : IKubernetesObject<V1ObjectMeta>
{
    public required string ApiVersion { get; set; }

    public required string Kind { get; set; }

    public required V1ObjectMeta Metadata { get; set; }
}

/// <summary><see href="https://keda.sh/docs/2.20/reference/scaledobject-spec/"/>.</summary>
[KubernetesEntity(Group = "keda.sh", ApiVersion = "v1alpha1", Kind = "ScaledObject")]
internal sealed record ScaledObject(ScaledObject.SpecData Spec) : CustomResource
{
    internal enum MetricType { AverageValue, Value, Utilization }

    internal enum Behavior { Static, CurrentReplicas, CurrentReplicasIfHigher, CurrentReplicasIfLower, ScalingModifiers }

    internal enum AuthenticationKind { TriggerAuthentication, ClusterTriggerAuthentication }

    internal sealed record SpecData(
        Target ScaleTargetRef, IList<Trigger> Triggers, int? PollingInterval = null, int? CooldownPeriod = null, int? MinReplicaCount = null,
        int? MaxReplicaCount = null, AdvancedData? Advanced = null, FallbackData? Fallback = null);

    internal sealed record Target(string Name, string? ApiVersion = null, string? Kind = null);

    internal sealed record AdvancedData(AutoscalerData? HorizontalPodAutoscalerConfig = null, bool? RestoreToOriginalReplicaCount = null);

    internal sealed record AutoscalerData(V2HorizontalPodAutoscalerBehavior? Behavior = null, string? Name = null);

    internal sealed record FallbackData(int FailureThreshold, int Replicas, Behavior? Behavior = null);

    internal sealed record Trigger(
        string Type, IDictionary<string, string> Metadata, string? Name = null, Authentication? AuthenticationRef = null,
        MetricType? MetricType = null);

    internal sealed record Authentication(string Name, AuthenticationKind Kind = AuthenticationKind.TriggerAuthentication);
}

/// <summary><see href="https://keda.sh/docs/2.20/concepts/authentication/"/>.</summary>
[KubernetesEntity(Group = "keda.sh", ApiVersion = "v1alpha1", Kind = "TriggerAuthentication")]
internal sealed record TriggerAuthentication(TriggerAuthentication.SpecData Spec) : CustomResource
{
    internal sealed record SpecData(IList<Source>? SecretTargetRef = null);

    internal sealed record Source(string Parameter, string Name, string Key);
}

/// <summary><see href="https://prometheus-operator.dev/docs/api-reference/api/"/>.</summary>
[KubernetesEntity(Group = "monitoring.coreos.com", ApiVersion = "v1", Kind = "ServiceMonitor")]
internal sealed record ServiceMonitor(ServiceMonitor.SpecData Spec) : CustomResource
{
    internal sealed record SpecData(
        IList<Endpoint> Endpoints, V1LabelSelector Selector, string? JobLabel = null, IList<string>? TargetLabels = null,
        Namespaces? NamespaceSelector = null);

    internal sealed record Endpoint(
        string? Port = null, string? Path = null, string? Interval = null, string? ScrapeTimeout = null, bool? HonorLabels = null,
        AuthorizationData? Authorization = null);

    internal sealed record AuthorizationData(V1SecretKeySelector Credentials, string Type = "Bearer");

    internal sealed record Namespaces(bool? Any = null, IList<string>? MatchNames = null);
}

/// <summary><see href="https://prometheus-operator.dev/docs/api-reference/api/"/>.</summary>
[KubernetesEntity(Group = "monitoring.coreos.com", ApiVersion = "v1", Kind = "PrometheusRule")]
internal sealed record PrometheusRule(PrometheusRule.SpecData Spec) : CustomResource
{
    [JsonIgnore]
    public IEnumerable<Rule> Rules => Spec.Groups.SelectMany(group => group.Rules);

    internal sealed record SpecData(IList<Group> Groups);

    internal sealed record Group(string Name, IList<Rule> Rules, string? Interval = null);

    internal sealed record Rule(
        string Expr, string? Alert = null, string? Record = null, string? For = null, IDictionary<string, string>? Labels = null,
        IDictionary<string, string>? Annotations = null);
}

/// <summary><see href="https://external-secrets.io/latest/api/externalsecret/"/>.</summary>
[KubernetesEntity(Group = "external-secrets.io", ApiVersion = "v1", Kind = "ExternalSecret")]
internal sealed record ExternalSecret(ExternalSecret.SpecData Spec) : CustomResource
{
    internal enum StoreKind { SecretStore, ClusterSecretStore }

    internal enum Creation { Owner, Orphan, Merge, None }

    internal sealed record SpecData(Store SecretStoreRef, IList<Entry> Data, TargetData? Target = null, string? RefreshInterval = null);

    internal sealed record Store(string Name, StoreKind Kind = StoreKind.SecretStore);

    internal sealed record TargetData(string? Name = null, Creation? CreationPolicy = null, Template? Template = null);

    internal sealed record Template(string? Type = null, IDictionary<string, string>? Data = null);

    internal sealed record Entry(string SecretKey, Remote RemoteRef);

    internal sealed record Remote(string Key, string? Property = null, string? Version = null);
}
