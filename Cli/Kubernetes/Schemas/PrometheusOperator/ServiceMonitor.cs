using System.ComponentModel.DataAnnotations;
using k8s.Models;

namespace FanOut.Cli.Kubernetes.Schemas.PrometheusOperator;

/// <summary><see href="https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor"/>, less how to log in to what is scraped.</summary>
[KubernetesEntity(Group = "monitoring.coreos.com", ApiVersion = "v1", Kind = "ServiceMonitor")]
internal sealed record ServiceMonitor
{
    internal const string Duration = "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$";
    internal const string DurationHint = "must be a duration of Prometheus, such as 30s or 1h30m.";

    public required string ApiVersion { get; init; }

    public required string Kind { get; init; }

    public required V1ObjectMeta Metadata { get; init; }

    public required SpecOfMonitor Spec { get; init; }

    internal sealed record SpecOfMonitor
    {
        public string? JobLabel { get; init; }

        public IList<string>? TargetLabels { get; init; }

        public IList<string>? PodTargetLabels { get; init; }

        [MinLength(1, ErrorMessage = "must have at least one endpoint.")]
        public required IList<Endpoint> Endpoints { get; init; }

        public required V1LabelSelector Selector { get; init; }

        public Namespaces? NamespaceSelector { get; init; }

        public long? SampleLimit { get; init; }

        public long? TargetLimit { get; init; }

        public long? LabelLimit { get; init; }

        public IList<string>? ScrapeProtocols { get; init; }

        public string? ScrapeClass { get; init; }
    }

    internal sealed record Endpoint
    {
        public string? Port { get; init; }

        public IntOrString? TargetPort { get; init; }

        public string? Path { get; init; }

        [AllowedValues("http", "https", "HTTP", "HTTPS", ErrorMessage = "must be http or https.")]
        public string? Scheme { get; init; }

        public IDictionary<string, IList<string>>? Params { get; init; }

        [RegularExpression(Duration, ErrorMessage = DurationHint)]
        public string? Interval { get; init; }

        [RegularExpression(Duration, ErrorMessage = DurationHint)]
        public string? ScrapeTimeout { get; init; }

        public bool? HonorLabels { get; init; }

        public bool? HonorTimestamps { get; init; }

        public bool? TrackTimestampsStaleness { get; init; }

        public bool? FilterRunning { get; init; }

        public bool? FollowRedirects { get; init; }

        public IList<Relabeling>? Relabelings { get; init; }

        public IList<Relabeling>? MetricRelabelings { get; init; }
    }

    internal sealed record Namespaces
    {
        public bool? Any { get; init; }

        public IList<string>? MatchNames { get; init; }
    }

    internal sealed record Relabeling
    {
        public IList<string>? SourceLabels { get; init; }

        public string? Separator { get; init; }

        public string? TargetLabel { get; init; }

        public string? Regex { get; init; }

        public long? Modulus { get; init; }

        public string? Replacement { get; init; }

        public string? Action { get; init; }
    }
}
