using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using k8s.Models;

namespace FanOut.Cli.Kubernetes.Schemas.PrometheusOperator;

/// <summary><see href="https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule"/>.</summary>
[KubernetesEntity(Group = "monitoring.coreos.com", ApiVersion = "v1", Kind = "PrometheusRule")]
internal sealed record PrometheusRule
{
    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }

    public required SpecOfRules Spec { get; init; }

    internal sealed record SpecOfRules
    {
        public IList<Group>? Groups { get; init; }
    }

    internal sealed record Group
    {
        public required string Name { get; init; }

        public IDictionary<string, string>? Labels { get; init; }

        [RegularExpression(ServiceMonitor.Duration, ErrorMessage = ServiceMonitor.DurationHint)]
        public string? Interval { get; init; }

        [JsonPropertyName("query_offset")]
        [RegularExpression(ServiceMonitor.Duration, ErrorMessage = ServiceMonitor.DurationHint)]
        public string? QueryOffset { get; init; }

        public IList<Rule>? Rules { get; init; }

        [JsonPropertyName("partial_response_strategy")]
        public string? PartialResponseStrategy { get; init; }

        public int? Limit { get; init; }
    }

    internal sealed record Rule
    {
        public string? Record { get; init; }

        public string? Alert { get; init; }

        public required string Expr { get; init; }

        [RegularExpression(ServiceMonitor.Duration, ErrorMessage = ServiceMonitor.DurationHint)]
        public string? For { get; init; }

        [JsonPropertyName("keep_firing_for")]
        [RegularExpression(ServiceMonitor.Duration, ErrorMessage = ServiceMonitor.DurationHint)]
        public string? KeepFiringFor { get; init; }

        public IDictionary<string, string>? Labels { get; init; }

        public IDictionary<string, string>? Annotations { get; init; }
    }
}
