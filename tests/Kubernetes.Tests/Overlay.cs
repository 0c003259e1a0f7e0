using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace FanOut.Kubernetes.Tests;

/// <summary>All objects of one overlay, as a cluster would get them.</summary>
internal sealed class Overlay
{
    private readonly List<IKubernetesObject<V1ObjectMeta>> _objects = [];

    public Overlay(IEnumerable<JsonObject> documents)
    {
        foreach (var document in documents)
        {
            try
            {
                var one = (IKubernetesObject<V1ObjectMeta>)Schema.Read(document);
                _objects.Add(one.Metadata?.Name is { Length: > 0 } ? one : throw new JsonException("metadata.name is missing."));
            }
            catch (JsonException e)
            {
                SchemaErrors.Add($"{NameOf(document)}: {e.Path}: {e.Message}");
            }
        }

        Workloads =
        [
            .. All<V1Deployment>().Select(one => new Workload(
                "Deployment", one.Metadata.Name, one.Spec.Replicas, one.Spec.Selector, one.Spec.Template, [])),
            .. All<V1StatefulSet>().Select(one => new Workload(
                "StatefulSet", one.Metadata.Name, one.Spec.Replicas, one.Spec.Selector, one.Spec.Template,
                [.. (one.Spec.VolumeClaimTemplates ?? []).Select(claim => claim.Metadata.Name)])),
            .. All<V1Job>().Select(one => new Workload(
                "Job", one.Metadata.Name, 1, new V1LabelSelector { MatchLabels = one.Spec.Template.Metadata.Labels }, one.Spec.Template, [])),
        ];
    }

    public List<string> SchemaErrors { get; } = [];

    public IReadOnlyList<Workload> Workloads { get; }

    public IEnumerable<T> All<T>() => _objects.OfType<T>();

    public T? Find<T>(string? name) where T : class, IKubernetesObject<V1ObjectMeta> => All<T>().FirstOrDefault(one => one.Metadata.Name == name);

    public static string NameOf(JsonNode document) => $"{document["kind"]}/{document["metadata"]?["name"]}";
}

/// <summary>What runs pods: a Deployment, a StatefulSet or a Job.</summary>
internal sealed record Workload(string Kind, string Name, int? Replicas, V1LabelSelector Selector, V1PodTemplateSpec Template, string[] Claims)
{
    public V1PodSpec Pod => Template.Spec;

    public IEnumerable<V1Container> Containers => (Pod.InitContainers ?? []).Concat(Pod.Containers);

    public bool IsSelectedBy(V1LabelSelector? selector) => selector.Matches(Template.Metadata?.Labels);

    public bool Serves(string port) => Pod.Containers.SelectMany(container => container.Ports ?? [])
        .Any(candidate => candidate.Name == port || FormattableString.Invariant($"{candidate.ContainerPort}") == port);

    public override string ToString() => $"{Kind}/{Name}";
}

internal static class LabelSelectorExtensions
{
    /// <summary>An empty selector selects everything, a missing one nothing.</summary>
    public static bool Matches(this V1LabelSelector? selector, IDictionary<string, string>? labels)
    {
        string? ValueOf(string key) => labels is not null && labels.TryGetValue(key, out var value) ? value : null;
        return selector is not null
            && (selector.MatchLabels ?? new Dictionary<string, string>()).All(pair => ValueOf(pair.Key) == pair.Value)
            && (selector.MatchExpressions ?? []).All(expression => expression.OperatorProperty switch
            {
                "In" => expression.Values.Contains(ValueOf(expression.Key)!),
                "NotIn" => !expression.Values.Contains(ValueOf(expression.Key)!),
                "Exists" => ValueOf(expression.Key) is not null,
                _ => ValueOf(expression.Key) is null,
            });
    }

    public static bool IsEmpty(this V1LabelSelector? selector) =>
        selector is { MatchLabels: null or { Count: 0 }, MatchExpressions: null or { Count: 0 } };
}
