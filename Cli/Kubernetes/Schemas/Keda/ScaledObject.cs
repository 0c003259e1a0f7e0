using System.ComponentModel.DataAnnotations;
using k8s.Models;

namespace FanOut.Cli.Kubernetes.Schemas.Keda;

/// <summary><see href="https://keda.sh/docs/2.20/reference/scaledobject-spec/"/>.</summary>
[KubernetesEntity(Group = "keda.sh", ApiVersion = "v1alpha1", Kind = "ScaledObject")]
internal sealed record ScaledObject
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }

    public required SpecOfScaledObject Spec { get; init; }

    internal sealed record SpecOfScaledObject
    {
        public required Target ScaleTargetRef { get; init; }

        [Range(1, int.MaxValue, ErrorMessage = "must be 1 or more seconds.")]
        public int? PollingInterval { get; init; }

        [Range(0, int.MaxValue, ErrorMessage = "must be 0 or more seconds.")]
        public int? InitialCooldownPeriod { get; init; }

        [Range(0, int.MaxValue, ErrorMessage = "must be 0 or more seconds.")]
        public int? CooldownPeriod { get; init; }

        [Range(0, int.MaxValue, ErrorMessage = "must be 0 or more.")]
        public int? IdleReplicaCount { get; init; }

        [Range(0, int.MaxValue, ErrorMessage = "must be 0 or more.")]
        public int? MinReplicaCount { get; init; }

        [Range(1, int.MaxValue, ErrorMessage = "must be 1 or more.")]
        public int? MaxReplicaCount { get; init; }

        public AdvancedConfiguration? Advanced { get; init; }

        [MinLength(1, ErrorMessage = "must have at least one trigger.")]
        public required IList<Trigger> Triggers { get; init; }

        public FallbackConfiguration? Fallback { get; init; }
    }

    internal sealed record Target
    {
        public required string Name { get; init; }

        public string? ApiVersion { get; init; }

        public string? Kind { get; init; }

        public string? EnvSourceContainerName { get; init; }
    }

    internal sealed record AdvancedConfiguration
    {
        public AutoscalerConfiguration? HorizontalPodAutoscalerConfig { get; init; }

        public bool? RestoreToOriginalReplicaCount { get; init; }

        public Modifiers? ScalingModifiers { get; init; }
    }

    internal sealed record AutoscalerConfiguration
    {
        public V2HorizontalPodAutoscalerBehavior? Behavior { get; init; }

        public string? Name { get; init; }
    }

    internal sealed record Modifiers
    {
        public string? Formula { get; init; }

        public string? Target { get; init; }

        public string? ActivationTarget { get; init; }

        [AllowedValues("AverageValue", "Value", ErrorMessage = "must be AverageValue or Value.")]
        public string? MetricType { get; init; }
    }

    internal sealed record FallbackConfiguration
    {
        [Range(0, int.MaxValue, ErrorMessage = "must be 0 or more.")]
        public required int FailureThreshold { get; init; }

        [Range(0, int.MaxValue, ErrorMessage = "must be 0 or more.")]
        public required int Replicas { get; init; }

        [AllowedValues(
            "static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower", "scalingModifiers",
            ErrorMessage = "must be static, currentReplicas, currentReplicasIfHigher, currentReplicasIfLower or scalingModifiers.")]
        public string? Behavior { get; init; }
    }

    internal sealed record Trigger
    {
        public required string Type { get; init; }

        public string? Name { get; init; }

        public bool? UseCachedMetrics { get; init; }

        public required IDictionary<string, string> Metadata { get; init; }

        public Authentication? AuthenticationRef { get; init; }

        [AllowedValues("AverageValue", "Value", "Utilization", ErrorMessage = "must be AverageValue, Value or Utilization.")]
        public string? MetricType { get; init; }
    }

    internal sealed record Authentication
    {
        public required string Name { get; init; }

        [AllowedValues("TriggerAuthentication", "ClusterTriggerAuthentication", ErrorMessage = "must be TriggerAuthentication or ClusterTriggerAuthentication.")]
        public string? Kind { get; init; }
    }
}
